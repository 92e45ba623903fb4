-- Three sites to try the service with. Running it again changes nothing.
INSERT INTO sites (site_id, name, city, time_zone, opened_on) VALUES
    (1, 'Main Station', 'Vienna', 'Europe/Vienna', '2024-03-01'),
    (2, 'Harbour', 'Lisbon', 'Europe/Lisbon', '2024-09-15'),
    (3, 'Corner Shop', 'Vienna', 'Europe/Vienna', '2025-02-01')
ON CONFLICT DO NOTHING;

INSERT INTO compartments (site_id, number, size, in_service) VALUES
    (1, 1, 'S', true), (1, 2, 'S', true), (1, 3, 'S', false), (1, 4, 'M', true),
    (1, 5, 'M', true), (1, 6, 'L', true),
    (2, 1, 'S', true), (2, 2, 'M', true), (2, 3, 'L', true),
    (3, 1, 'S', true)
ON CONFLICT DO NOTHING;

"""What both services know: three sites, and the free compartments of each by size."""

SITES = {
    1: {"site_id": 1, "name": "Central Station", "city": "Lisbon"},
    2: {"site_id": 2, "name": "River Market", "city": "Porto"},
    3: {"site_id": 3, "name": "Old Mill", "city": "Ghent"},
}
FREE = {
    1: {"S": 4, "M": 2, "L": 1},
    2: {"S": 0, "M": 3, "L": 0},
    3: {"S": 6, "M": 4, "L": 1},
}

# How many compartments are free? In Ruby: ruby availability.rb PORT

require "json"
require "socket"
require "uri"

SITES = {
  1 => { name: "Central Station", free: { "S" => 4, "M" => 2, "L" => 1 } },
  2 => { name: "São Bento", free: { "S" => 0, "M" => 3, "L" => 0 } }
}.freeze
REASONS = {
  200 => "OK", 404 => "Not Found", 405 => "Method Not Allowed", 422 => "Invalid"
}.freeze

def chosen(free, query)
  size = query["size"]
  return free if size.nil?

  free.slice(size) if free.key?(size)
end

def answer(method, target)
  path, query = target.split("?", 2)
  match = path.match(%r{\A/sites/([^/]+)/availability\z})
  return problem(404, "There is nothing here.") unless match
  unless %w[GET HEAD].include?(method)
    return problem(405, "Ask by GET.", "Allow" => "GET, HEAD")
  end

  site_id = Integer(match[1], 10, exception: false)
  return problem(422, "The id of a site is a whole number.") unless site_id

  site = SITES[site_id]
  return problem(404, "There is no site #{site_id}.") unless site

  free = chosen(site[:free], URI.decode_www_form(query.to_s).to_h)
  return problem(422, "A size is S, M or L.") unless free

  document = { site_id: site_id, name: site[:name], free: free }
  [200, { "Content-Type" => "application/json" }, document]
end

def problem(status, detail, headers = {})
  document = { title: REASONS[status], status: status, detail: detail }
  [status, headers.merge("Content-Type" => "application/problem+json"), document]
end

def serve(connection)
  method, target, = connection.gets.to_s.split
  return unless target

  # The headers end with an empty line.
  nil until connection.gets.to_s.strip.empty?
  status, headers, document = answer(method, target)
  body = JSON.generate(document)
  headers = headers.merge("Content-Length" => body.bytesize, "Connection" => "close")
  lines = headers.map { |name, value| "#{name}: #{value}\r\n" }
  connection.write("HTTP/1.1 #{status} #{REASONS[status]}\r\n", *lines, "\r\n")
  connection.write(body) unless method == "HEAD"
ensure
  connection.close
end

server = TCPServer.new("127.0.0.1", Integer(ARGV[0]))
# One thread for each connection.
loop { Thread.new(server.accept) { |connection| serve(connection) } }

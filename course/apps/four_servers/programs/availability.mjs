// How many compartments are free? In JavaScript: node availability.mjs PORT

import { createServer } from "node:http";

const SITES = new Map([
  [1, { name: "Central Station", free: { S: 4, M: 2, L: 1 } }],
  [2, { name: "São Bento", free: { S: 0, M: 3, L: 0 } }],
]);

function chosen(free, query) {
  const size = query.get("size");
  if (size === null) return free;
  return Object.hasOwn(free, size) ? { [size]: free[size] } : null;
}

function answer(method, target) {
  const [path, query = ""] = target.split("?", 2);
  const match = path.match(/^\/sites\/([^/]+)\/availability$/);
  if (!match) return problem(404, "Not Found", "There is nothing here.");
  if (method !== "GET" && method !== "HEAD") {
    return problem(405, "Method Not Allowed", "Ask by GET.", { Allow: "GET, HEAD" });
  }
  const siteId = Number(match[1]);
  if (!Number.isInteger(siteId)) {
    return problem(422, "Invalid", "The id of a site is a whole number.");
  }
  const site = SITES.get(siteId);
  if (!site) return problem(404, "Not Found", `There is no site ${siteId}.`);
  const free = chosen(site.free, new URLSearchParams(query));
  if (!free) return problem(422, "Invalid", "A size is S, M or L.");
  const document = { site_id: siteId, name: site.name, free };
  return [200, { "Content-Type": "application/json" }, document];
}

function problem(status, title, detail, headers = {}) {
  const document = { title, status, detail };
  return [status, { ...headers, "Content-Type": "application/problem+json" }, document];
}

const server = createServer((request, response) => {
  const [status, headers, document] = answer(request.method, request.url);
  const body = JSON.stringify(document);
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? undefined : body);
});

// One thread for everybody: the event loop calls the function above for each request.
server.listen(Number(process.argv[2]), "127.0.0.1");

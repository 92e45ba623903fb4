// How many compartments are free? In Java: java Availability.java PORT

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

public class Availability {
    enum Size { S, M, L }

    record Site(String name, Map<Size, Integer> free) {}

    record Answer(int status, Map<String, String> headers, String body) {}

    static final Map<Integer, Site> SITES = Map.of(
        1, new Site("Central Station", free(4, 2, 1)),
        2, new Site("São Bento", free(0, 3, 0)));
    static final Pattern PATH = Pattern.compile("/sites/([^/]+)/availability");

    static Map<Size, Integer> free(int s, int m, int l) {
        return new EnumMap<>(Map.of(Size.S, s, Size.M, m, Size.L, l));
    }

    static Answer answer(String method, URI target) {
        Matcher path = PATH.matcher(target.getPath());
        if (!path.matches())
            return problem(404, "Not Found", "There is nothing here.", Map.of());
        if (!method.equals("GET") && !method.equals("HEAD"))
            return problem(405, "Method Not Allowed", "Ask by GET.",
                Map.of("Allow", "GET, HEAD"));
        int siteId;
        try {
            siteId = Integer.parseInt(path.group(1));
        } catch (NumberFormatException error) {
            return problem(
                422, "Invalid", "The id of a site is a whole number.", Map.of());
        }
        Site site = SITES.get(siteId);
        if (site == null)
            return problem(
                404, "Not Found", "There is no site " + siteId + ".", Map.of());
        Map<Size, Integer> free;
        try {
            free = chosen(site.free(), target.getQuery());
        } catch (IllegalArgumentException error) {
            return problem(422, "Invalid", "A size is S, M or L.", Map.of());
        }
        String counts = free.entrySet().stream()
            .map(entry -> "\"%s\": %d".formatted(entry.getKey(), entry.getValue()))
            .collect(Collectors.joining(", "));
        return new Answer(200, Map.of("Content-Type", "application/json"),
            "{\"site_id\": %d, \"name\": \"%s\", \"free\": {%s}}"
                .formatted(siteId, site.name(), counts));
    }

    static Map<Size, Integer> chosen(Map<Size, Integer> free, String query) {
        for (String pair : query == null ? new String[0] : query.split("&")) {
            if (pair.startsWith("size=")) {
                Size size = Size.valueOf(pair.substring("size=".length()));
                return Map.of(size, free.get(size));
            }
        }
        return free;
    }

    static Answer problem(
            int status, String title, String detail, Map<String, String> more) {
        Map<String, String> headers = new HashMap<>(more);
        headers.put("Content-Type", "application/problem+json");
        return new Answer(status, headers,
            "{\"title\": \"%s\", \"status\": %d, \"detail\": \"%s\"}"
                .formatted(title, status, detail));
    }

    static void reply(HttpExchange exchange) throws IOException {
        Answer answer = answer(exchange.getRequestMethod(), exchange.getRequestURI());
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        answer.headers().forEach(exchange.getResponseHeaders()::set);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", "" + body.length);
            exchange.sendResponseHeaders(answer.status(), -1);
        } else {
            exchange.sendResponseHeaders(answer.status(), body.length);
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[0]);
        var address = new InetSocketAddress("127.0.0.1", port);
        HttpServer server = HttpServer.create(address, 0);
        server.createContext("/", Availability::reply);
        // A pool of threads. Without this line one thread serves everybody.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }
}

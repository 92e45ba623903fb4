// How many compartments are free? In C#, built by mcs: mono Availability.exe PORT

using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

class Site
{
    public string Name { get; set; }
    public Dictionary<string, int> Free { get; set; }
}

class Answer
{
    public int Status { get; set; }
    public string ContentType { get; set; } = "application/problem+json";
    public string Allow { get; set; }
    public string Body { get; set; }
}

static class Availability
{
    static readonly Dictionary<int, Site> Sites = new Dictionary<int, Site>
    {
        [1] = new Site { Name = "Central Station", Free = Free(4, 2, 1) },
        [2] = new Site { Name = "São Bento", Free = Free(0, 3, 0) },
    };

    static readonly Regex Path = new Regex("^/sites/([^/]+)/availability$");

    static Dictionary<string, int> Free(int s, int m, int l) =>
        new Dictionary<string, int> { ["S"] = s, ["M"] = m, ["L"] = l };

    static Answer AnswerTo(HttpListenerRequest request)
    {
        var path = Path.Match(request.Url.AbsolutePath);
        if (!path.Success)
            return Problem(404, "Not Found", "There is nothing here.");
        if (request.HttpMethod != "GET" && request.HttpMethod != "HEAD")
            return Problem(405, "Method Not Allowed", "Ask by GET.", "GET, HEAD");
        if (!int.TryParse(path.Groups[1].Value, out int siteId))
            return Problem(422, "Invalid", "The id of a site is a whole number.");
        if (!Sites.TryGetValue(siteId, out Site site))
            return Problem(404, "Not Found", $"There is no site {siteId}.");
        var free = Chosen(site.Free, request.QueryString["size"]);
        if (free == null)
            return Problem(422, "Invalid", "A size is S, M or L.");
        var counts = free.Select(pair => $"\"{pair.Key}\": {pair.Value}");
        return new Answer
        {
            Status = 200,
            ContentType = "application/json",
            Body = $"{{\"site_id\": {siteId}, \"name\": \"{site.Name}\", "
                + $"\"free\": {{{string.Join(", ", counts)}}}}}",
        };
    }

    static Dictionary<string, int> Chosen(Dictionary<string, int> free, string size)
    {
        if (size == null)
            return free;
        return free.TryGetValue(size, out int count)
            ? new Dictionary<string, int> { [size] = count }
            : null;
    }

    static Answer Problem(
        int status, string title, string detail, string allow = null) =>
        new Answer
        {
            Status = status,
            Allow = allow,
            Body = $"{{\"title\": \"{title}\", \"status\": {status}, "
                + $"\"detail\": \"{detail}\"}}",
        };

    static void Reply(HttpListenerContext context)
    {
        var answer = AnswerTo(context.Request);
        byte[] body = Encoding.UTF8.GetBytes(answer.Body);
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        if (answer.Allow != null)
            context.Response.AddHeader("Allow", answer.Allow);
        context.Response.ContentLength64 = body.Length;
        if (context.Request.HttpMethod != "HEAD")
            context.Response.OutputStream.Write(body, 0, body.Length);
        context.Response.Close();
    }

    static void Main(string[] arguments) => Serve(arguments[0]).Wait();

    static async Task Serve(string port)
    {
        var listener = new HttpListener();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        while (true)
        {
            // Waiting takes no thread; each answer borrows one from the pool.
            var context = await listener.GetContextAsync();
            ThreadPool.QueueUserWorkItem(_ => Reply(context));
        }
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Operators;

namespace BareMetal.Data.Planning;

/// <summary>What a run of a plan for EXPLAIN ANALYZE showed.</summary>
internal sealed record ExplainRun(IReadOnlyDictionary<PlanNode, OperatorCounters> Counters, TimeSpan Time, long Rows, long PeakMemory);

/// <summary>Writes plans as text and JSON.</summary>
internal static class ExplainText
{
    public static List<string> Lines(PhysicalPlan plan, ExplainRun? run)
    {
        List<string> lines = [];
        Append(plan.Root, 0, "", lines, plan, run);
        if (run is not null)
        {
            lines.Add(Invariant($"Execution Time: {run.Time.TotalMilliseconds:0.000} ms"));
            lines.Add(Invariant($"Peak Memory: {run.PeakMemory / 1024} kB"));
        }

        return lines;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Append(PlanNode node, int depth, string label, List<string> lines, PhysicalPlan plan, ExplainRun? run)
    {
        ExplainProperties properties = new();
        node.Describe(properties);
        StringBuilder line = new();
        line.Append(' ', depth * 2);
        if (depth > 0)
            line.Append("-> ");
        line.Append(label).Append(node.Name);
        foreach ((string name, string value) in properties.Items)
        {
            if (name is "Table" or "CTE")
                line.Append(" on ").Append(value);
            else if (name == "Index")
                line.Append(" using ").Append(value);
        }

        line.Append(CultureInfo.InvariantCulture, $"  (rows={Math.Round(node.Rows)} cost={node.Cost:0.0})");
        if (run is not null)
        {
            if (run.Counters.TryGetValue(node, out OperatorCounters? counters) && counters.Opens > 0)
            {
                line.Append(CultureInfo.InvariantCulture, $" (actual rows={counters.Rows}{(counters.RowsRead >= 0 ? Invariant($" read={counters.RowsRead}") : "")} loops={counters.Opens} time={Milliseconds(counters.Ticks):0.000} ms)");
                if (counters.Hits >= 0)
                    line.Append(CultureInfo.InvariantCulture, $" (hits={counters.Hits} misses={counters.Misses} evictions={counters.Evictions})");
                if (counters.SpilledBytes > 0)
                    line.Append(CultureInfo.InvariantCulture, $" (spilled {counters.SpilledBytes / 1024} kB)");
            }
            else if (depth == 0)
            {
                line.Append(CultureInfo.InvariantCulture, $" (actual rows={run.Rows})");
            }
            else
            {
                line.Append(" (never executed)");
            }
        }

        lines.Add(line.ToString());
        string indent = new(' ', (depth * 2) + (depth > 0 ? 5 : 2));
        foreach ((string name, string value) in properties.Items)
        {
            if (name is not ("Table" or "Index" or "CTE"))
                lines.Add($"{indent}{name}: {value}");
        }

        foreach (PlanNode input in node.Inputs)
            Append(input, depth + 1, "", lines, plan, run);
        foreach (BoundSubquery subquery in properties.Subqueries)
            Append(plan.Planner.PlanSubquery(subquery).Root, depth + 1, "Subquery: ", lines, plan, run);
    }

    private static double Milliseconds(long ticks) => ticks * 1000.0 / System.Diagnostics.Stopwatch.Frequency;

    public static string Json(PhysicalPlan plan, ExplainRun? run)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartArray();
            writer.WriteStartObject();
            writer.WritePropertyName("Plan");
            Write(plan.Root, "Plan", writer, plan, run);
            if (run is not null)
            {
                writer.WriteNumber("Execution Time", Math.Round(run.Time.TotalMilliseconds, 3));
                writer.WriteNumber("Peak Memory", run.PeakMemory);
            }

            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Write(PlanNode node, string relationship, Utf8JsonWriter writer, PhysicalPlan plan, ExplainRun? run)
    {
        ExplainProperties properties = new();
        node.Describe(properties);
        writer.WriteStartObject();
        writer.WriteString("Node Type", node.Name);
        if (relationship == "Subquery")
            writer.WriteString("Parent Relationship", "Subquery");
        foreach ((string name, string value) in properties.Items)
            writer.WriteString(name, value);
        writer.WriteNumber("Plan Rows", Math.Round(node.Rows));
        writer.WriteNumber("Total Cost", Math.Round(node.Cost, 1));
        if (run is not null && run.Counters.TryGetValue(node, out OperatorCounters? counters))
        {
            writer.WriteNumber("Actual Rows", counters.Rows);
            if (counters.RowsRead >= 0)
                writer.WriteNumber("Rows Read", counters.RowsRead);
            writer.WriteNumber("Actual Loops", counters.Opens);
            writer.WriteNumber("Actual Total Time", Math.Round(Milliseconds(counters.Ticks), 3));
            if (counters.Hits >= 0)
            {
                writer.WriteNumber("Cache Hits", counters.Hits);
                writer.WriteNumber("Cache Misses", counters.Misses);
                writer.WriteNumber("Cache Evictions", counters.Evictions);
            }

            if (counters.SpilledBytes > 0)
                writer.WriteNumber("Spilled Bytes", counters.SpilledBytes);
        }

        if (node.Inputs.Count + properties.Subqueries.Count > 0)
        {
            writer.WriteStartArray("Plans");
            foreach (PlanNode input in node.Inputs)
                Write(input, "Input", writer, plan, run);
            foreach (BoundSubquery subquery in properties.Subqueries)
                Write(plan.Planner.PlanSubquery(subquery).Root, "Subquery", writer, plan, run);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}

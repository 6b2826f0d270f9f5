using System.Collections.Immutable;

namespace BareMetal.Data.Simulation.Tests.Sql;

/// <summary>What a database holds: the tables of each session, and the one table that all sessions change.</summary>
internal sealed record SqlState(SqlModel Model, ImmutableSortedDictionary<long, string>? Shared)
{
    public static readonly SqlState Empty = new(SqlModel.Empty, null);

    private string? _text;

    /// <summary>Everything in a fixed order and spelling.</summary>
    public string Text => _text ??= Model.Text + (Shared is null ? "" : "shared " + string.Join(' ', Shared.Select(r => $"{r.Key}|{r.Value}")) + "\n");

    /// <summary>The state after a session's commit: its tables and sequences take the place of those it had, its changes are made in the shared table.</summary>
    public SqlState After(SqlActor actor)
    {
        string prefix = actor.Prefix;
        SqlModel model = Model
            .WithTables(Model.Tables.RemoveRange(Model.Tables.Keys.Where(Own)).AddRange(actor.Model.Tables))
            .WithSequences(Model.Sequences.RemoveRange(Model.Sequences.Keys.Where(Own)).AddRange(actor.Model.Sequences))
            .WithFunctions(Model.Functions.RemoveRange(Model.Functions.Keys.Where(Own)).AddRange(actor.Model.Functions));
        return new SqlState(model, actor.ApplyTo(Shared!));

        bool Own(string name) => name.StartsWith(prefix, StringComparison.Ordinal);
    }

    /// <summary>The tables and sequences of one session.</summary>
    public SqlModel Of(SqlActor actor) => SqlModel.Empty
        .WithTables(Model.Tables.RemoveRange(Model.Tables.Keys.Where(n => !n.StartsWith(actor.Prefix, StringComparison.Ordinal))))
        .WithSequences(Model.Sequences.RemoveRange(Model.Sequences.Keys.Where(n => !n.StartsWith(actor.Prefix, StringComparison.Ordinal))))
        .WithFunctions(Model.Functions.RemoveRange(Model.Functions.Keys.Where(n => !n.StartsWith(actor.Prefix, StringComparison.Ordinal))));
}

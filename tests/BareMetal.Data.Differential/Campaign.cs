using System.Diagnostics;
using BareMetal.Data.Differential.Compare;
using BareMetal.Data.Differential.Grammar;

namespace BareMetal.Data.Differential;

/// <summary>A difference that was found, made small.</summary>
internal sealed record Finding(ulong Seed, int Index, string What, Statement Statement, Outcome Ours, Outcome Theirs)
{
    public override string ToString() =>
        $"DIFFERENCE ({What}) at seed {Seed}, statement {Index}\n  sql:    {Statement.Root.Ours()}\n  theirs: {Statement.Root.Theirs()}\n  here:       {Ours}\n  PostgreSQL: {Theirs}";
}

/// <summary>Rounds of statements on both sides. A comparison is the outcome of one statement: its rows, or its error.</summary>
internal sealed class Campaign(TextWriter log)
{
    /// <summary>Statements of a round beside those of its schema.</summary>
    public int StatementsPerRound { get; init; } = 150;

    /// <summary>Statements that are not shrunk beyond this many findings.</summary>
    public int MaxShrunk { get; init; } = 40;

    public long Comparisons;

    public long Errors;

    public long Rows;

    /// <summary>Statements that took too long or gave too much to be compared.</summary>
    public long SetAside;

    public long Rounds;

    /// <summary>Time that each side took for its statements.</summary>
    public long TicksHere;

    public long TicksThere;

    public List<Finding> Findings { get; } = [];

    /// <summary>Runs the round of a seed.</summary>
    /// <returns>Whether nothing differed.</returns>
    public bool Round(Arena arena, ulong seed)
    {
        List<Statement> statements = new Generator(seed).Generate(StatementsPerRound);
        arena.Clear();
        Outcome[] theirs = new Outcome[statements.Count];
        Outcome[] ours = new Outcome[statements.Count];
        long start = Stopwatch.GetTimestamp();
        Task other = Task.Run(() =>
        {
            for (int i = 0; i < statements.Count; i++)
                theirs[i] = arena.RunTheirs(statements[i].Root);
            Interlocked.Add(ref TicksThere, Stopwatch.GetTimestamp() - start);
        });
        for (int i = 0; i < statements.Count; i++)
            ours[i] = TakesParameters(statements[i], i) ? arena.RunOursAgain(statements[i].Root) : arena.RunOurs(statements[i].Root);
        Interlocked.Add(ref TicksHere, Stopwatch.GetTimestamp() - start);
        other.Wait();
        bool clean = true;
        for (int i = 0; i < statements.Count; i++)
        {
            Statement statement = statements[i];
            if (ours[i].IsSetAside || theirs[i].IsSetAside)
            {
                Interlocked.Increment(ref SetAside);
                if (!statement.IsQuery || !theirs[i].IsSetAside)
                    log.WriteLine($"set aside {(theirs[i].IsSetAside ? "there" : "here")} at seed {seed}, statement {i}: {statement.Root.Ours()}");
                if (!statement.IsQuery)
                    break;
                continue;
            }

            string? what = Comparer.Difference(statement, ours[i], theirs[i]);
            Interlocked.Increment(ref Comparisons);
            Interlocked.Add(ref Rows, theirs[i].Rows.Count);
            if (theirs[i].Error is not null)
                Interlocked.Increment(ref Errors);
            Productions.Note(statement.Root);
            if (what is null)
                continue;
            clean = false;
            Finding finding = new(seed, i, what, statement, ours[i], theirs[i]);
            if (Findings.Count < MaxShrunk)
                finding = Shrink(arena, statements, finding);
            lock (Findings)
            {
                Findings.Add(finding);
                log.WriteLine(finding);
                log.Flush();
            }

            // What a change has left differs from here on; after shrinking the arena is another, too, but outcomes are already here.
            if (!statement.IsQuery)
                break;
        }

        if (Interlocked.Increment(ref Rounds) % 25 == 0)
        {
            // A round's database is closed, but some of its page memory is native and goes with finalizers, which nothing else hurries.
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return clean;
    }

    /// <summary>Every fifth query, unless an expression of GROUP BY must be the same text in the select list, or running it twice shows.</summary>
    private static bool TakesParameters(Statement statement, int index)
    {
        if (index % 5 != 0 || !statement.IsQuery)
            return false;
        bool takes = true;
        statement.Root.Visit(n => takes &= n.Production is not ("group by expression" or "nextval" or "setval" or "currval") && !n.Production.StartsWith("error", StringComparison.Ordinal));
        return takes;
    }

    /// <summary>Prepares both sides up to a statement of a round.</summary>
    public static List<Statement> Prepare(Arena arena, List<Statement> statements, int index, out bool inTransaction)
    {
        inTransaction = false;
        arena.Clear();
        for (int i = 0; i < index; i++)
        {
            Node root = statements[i].Root;
            if (root.Production is "begin" or "isolation level")
                inTransaction = true;
            else if (root.Production is "commit" or "rollback")
                inTransaction = false;
            if (statements[i].IsQuery && root.Production is not ("nextval" or "setval" or "currval"))
                continue;
            arena.RunOurs(root);
            arena.RunTheirs(root);
        }

        return statements;
    }

    private static Finding Shrink(Arena arena, List<Statement> statements, Finding finding)
    {
        Prepare(arena, statements, finding.Index, out bool inTransaction);
        if (Arena.IsTransactionControl(finding.Statement.Root))
            return finding;
        Statement begin = new(new Node("begin", Role.Other, ["BEGIN"])), rollback = new(new Node("rollback", Role.Other, ["ROLLBACK"]));
        Outcome ours = finding.Ours, theirs = finding.Theirs;
        bool wraps = !finding.Statement.IsQuery && !inTransaction;
        if (inTransaction && !finding.Statement.IsQuery)
            return finding;
        string wanted = finding.What;
        Stopwatch time = Stopwatch.StartNew();
        bool Differs(Statement candidate)
        {
            if (time.Elapsed.TotalSeconds > 20)
                return false;
            if (wraps)
                arena.Try(begin, out _, out _);
            string? what = arena.Try(candidate, out Outcome a, out Outcome b);
            if (wraps)
                arena.Try(rollback, out _, out _);
            if (what != wanted || a.Error != finding.Ours.Error || b.Error != finding.Theirs.Error)
                return false;
            (ours, theirs) = (a, b);
            return true;
        }

        if (!Differs(finding.Statement))
            return finding with { What = finding.What + ", not again when it runs alone" };
        Statement small = Shrinker.Shrink(finding.Statement, Differs);
        Differs(small);
        return finding with { Statement = small, Ours = ours, Theirs = theirs };
    }
}

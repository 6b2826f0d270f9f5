namespace BareMetal.Data.Tests.Planning.Suite;

/// <summary>The suite's queries, each with the rows that its plan may read.</summary>
internal static class PlannerSuite
{
    public static readonly (string Sql, long Read)[] SingleTable = [("SELECT * FROM orders WHERE id = 5", 1)];

    public static readonly (string Sql, long Read)[] SeveralTables = [];
}

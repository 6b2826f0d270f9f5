using System.Collections.Concurrent;

namespace BareMetal.Data.Differential.Grammar;

/// <summary>
/// Every production of the grammar by name, and how often statements that were compared have used it. A name that is not listed can't be
/// used, so that the report knows what was never generated.
/// </summary>
internal static class Productions
{
    private static readonly string[] Structure =
    [
        // definitions
        "create table", "create table as", "column type", "column default", "column not null", "column generated", "column identity", "column varchar(n)", "column numeric(p,s)",
        "primary key", "primary key of two", "no primary key", "unique", "check", "foreign key", "on delete cascade", "on delete set null", "on delete restrict", "on delete no action",
        "index", "unique index", "partial index", "expression index", "descending index", "covering index", "view", "sequence", "create function", "create function strict",
        "alter add column", "alter drop column", "alter rename column", "alter column type", "alter set not null", "alter add check", "alter set default", "alter rename table", "drop index", "drop view", "analyze",
        // leaves
        "literal", "typed null", "column", "outer column", "parenthesis",
        // conditional
        "case searched", "case simple", "case without else", "coalesce", "nullif", "greatest", "least", "cast", "cast ::",
        // conditions
        "comparison", "and", "or", "not", "is null", "is not null", "is true", "is distinct from", "in list", "not in list", "between", "not between", "between symmetric",
        "like", "not like", "ilike", "like escape", "similar to", "regex match", "in subquery", "not in subquery", "exists", "not exists", "exists correlated", "not exists correlated", "any subquery", "all subquery",
        "any array", "all array", "row comparison", "row in list", "row in subquery", "collate", "boolean column",
        // subqueries
        "scalar subquery aggregate", "scalar subquery limit", "array subquery", "scalar subquery correlated key",
        // queries
        "select", "select distinct", "select distinct on", "where", "group by", "group by expression", "group by position", "having", "aggregate without group by", "rollup", "cube", "grouping sets", "grouping()",
        "union", "union all", "intersect", "intersect all", "except", "except all", "values query", "table query",
        "with", "with materialized", "with not materialized", "with used twice", "with columns", "recursive counter", "recursive tree", "recursive union", "query in parentheses",
        "order by position", "order by name", "order by expression", "order by nulls", "order by desc", "limit", "limit all", "offset", "fetch first", "with ties", "order by in subquery", "for update",
        // from
        "from table", "from view", "from subquery", "from values", "from generate_series", "from generate_series of moments", "from unnest", "from unnest of two", "from jsonb_each", "from jsonb_array_elements", "from string_to_table", "rows from", "with ordinality", "from columns alias", "from with", "from parenthesis", "from comma",
        "inner join", "left join", "right join", "full join", "cross join", "natural join", "join using", "lateral", "left lateral", "lateral function",
        // aggregates
        "count(*)", "sum of interval", "count", "count distinct", "sum", "sum distinct", "avg", "min", "max", "bool_and", "bool_or", "bit_and", "bit_or", "string_agg", "array_agg", "jsonb_agg", "jsonb_object_agg", "variance", "stddev", "corr",
        "filter", "percentile_cont", "percentile_cont array", "percentile_disc", "percentile_disc array", "mode",
        "rank of values", "dense_rank of values", "percent_rank of values", "cume_dist of values", "aggregate distinct", "aggregate order by", "min of boolean", "min of uuid", "regr",
        // windows
        "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value", "last_value", "nth_value", "window aggregate", "window filter", "partition by", "window order by",
        "rows frame", "range frame", "groups frame", "range offset frame", "exclude current row", "exclude group", "exclude ties", "exclude no others", "named window", "window over group",
        // changes
        "insert values", "insert many", "insert select", "insert default values", "insert default", "on conflict do nothing", "on conflict do update", "on conflict where", "returning", "returning *", "insert with",
        "update", "update from", "update row", "update subquery", "update default", "update key", "delete", "delete using", "delete with", "truncate", "overriding system value",
        "merge", "merge update", "merge delete", "merge insert", "merge do nothing", "merge condition", "write in with",
        // transactions
        "begin", "commit", "rollback", "savepoint", "rollback to", "release", "error in transaction", "isolation level",
        // errors
        "error division by zero", "error overflow", "error bad text", "error unknown column", "error unknown table", "error unknown function", "error ambiguous column", "error types", "error ungrouped column",
        "error aggregate in where", "error window in where", "error duplicate alias", "error not null", "error unique", "error foreign key", "error check", "error too long", "error syntax", "error more than one row",
        "error generated column", "error duplicate table", "error missing savepoint", "error column count", "error subquery columns", "error set columns", "error negative limit", "error numeric range",
        // series of statements
        "alter add column again", "alter add column default", "alter add constraint", "alter add foreign key", "alter add unique", "alter drop column again", "alter drop constraint",
        "alter drop default", "alter drop not null", "alter rename column again", "alter rename table again", "alter set default again", "alter set not null again",
        "alter type using", "char(n) cast", "char(n) compared", "char(n) grouped", "char(n) joined", "char(n) overflow", "check option", "column char(n)", "create table as no data",
        "create table as query", "delete from view", "drop index again", "drop sequence", "drop table", "function of a table", "function of rows", "function overloads",
        "function that writes", "function with defaults", "identity", "identity default", "identity dropped", "identity restart", "identity set generated", "identity update",
        "identity value", "index again", "insert into view", "named arguments", "on conflict arbiter", "overriding user value", "query between indexes", "select into query",
        "sequence default", "sequence options", "sequence owned", "sequence restart", "temporary table", "temporary table as", "temporary table hides", "temporary table joined",
        "temporary table on commit", "truncate restart identity", "unique index over data", "unique partial index over data", "updatable view", "update view",
        "varchar(n) overflow", "view not updatable",
        // forms
        "aggregate of rows as documents", "function body of the standard", "function dropped", "function of whole rows", "function with out parameters", "grouping sets of expressions",
        "jsonb_path_query in from", "jsonb_to_recordset", "merge insert default", "merge of every form", "merge update default", "merge update row", "regexp_matches in from",
        "regexp_split_to_table in from", "row values", "rows as documents", "string_to_table in from", "values in places", "with of one name",
        // rest
        "nextval", "currval", "setval", "exponent literal", "select functions of rows", "tablesample", "select into",
    ];

    private static readonly Dictionary<string, int> Ids = [];
    private static readonly List<string> Names = [];
    private static readonly long[] Counts;

    static Productions()
    {
        foreach (string name in Structure)
            Add(name);
        foreach (FunctionRule rule in FunctionRules.All)
            Add(rule.Production);
        foreach (EdgeRule rule in EdgeRules.All)
            Add(rule.Production);
        Counts = new long[Names.Count];
    }

    public static int Count => Names.Count;

    /// <summary>Fails for a name that is not listed.</summary>
    public static string Known(string name) => Ids.ContainsKey(name) ? name : throw new InvalidOperationException($"The production '{name}' is not listed.");

    /// <summary>Notes what a statement that was compared has used.</summary>
    public static void Note(Node statement) => statement.Visit(static n =>
    {
        if (n.Production.Length > 0)
            Interlocked.Increment(ref Counts[Ids[n.Production]]);
    });

    /// <summary>Productions that no statement has used.</summary>
    public static List<string> Unused() => [.. Names.Where(n => Counts[Ids[n]] == 0)];

    /// <summary>Every production with its number of uses.</summary>
    public static IEnumerable<(string Name, long Uses)> Report() => Names.Select(n => (n, Counts[Ids[n]]));

    private static void Add(string name)
    {
        if (Ids.TryAdd(name, Names.Count))
            Names.Add(name);
    }
}

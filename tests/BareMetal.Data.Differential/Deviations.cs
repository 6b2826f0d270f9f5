using BareMetal.Data.Differential.Grammar;

namespace BareMetal.Data.Differential;

/// <summary>What the comparison does about a documented difference.</summary>
internal enum Handling
{
    /// <summary>The statement is written differently for PostgreSQL.</summary>
    Rewritten,

    /// <summary>Both run the same text, and the values are compared so that the difference does not count.</summary>
    Compared,

    /// <summary>The link to PostgreSQL does more than send the statement.</summary>
    Emulated,

    /// <summary>The grammar keeps away from it: one side can't do it at all, or results have no counterpart.</summary>
    NotGenerated,
}

/// <summary>A difference that is documented, by the topic of its row in the tables of docs/sql.md and docs/functions.md.</summary>
internal sealed record Deviation(string Page, string Topic, Handling Handling, string How);

/// <summary>
/// Every difference from PostgreSQL that the comparison knows of, and the only place where texts for the two sides part. A test holds
/// this list against the tables of the documentation, both ways.
/// </summary>
internal static class Deviations
{
    private const string Sql = "sql.md";
    private const string Functions = "functions.md";

    public static readonly Deviation[] All =
    [
        new(Sql, "null order", Handling.Rewritten, "NULLS FIRST or LAST is written out for PostgreSQL"),
        new(Sql, "default collation", Handling.Rewritten, "the database is created with the collation C, and COLLATE \"ordinal\" is written as COLLATE \"C\""),
        new(Sql, "case-insensitive collation", Handling.NotGenerated, "PostgreSQL has none that folds the same"),
        new(Sql, "text", Handling.NotGenerated, "U+0000, and texts longer than their varchar(n), which PostgreSQL cuts in casts"),
        new(Sql, "names of types", Handling.NotGenerated, "PostgreSQL's names only"),
        new(Sql, "length, substring", Handling.Compared, "both count code points"),
        new(Sql, "timestamp", Handling.NotGenerated, "microseconds only, no infinities; differences are taken as seconds by EXTRACT"),
        new(Sql, "integers", Handling.NotGenerated, "PostgreSQL's integer types only"),
        new(Sql, "decimal", Handling.Compared, "numbers are compared by value; divisions are rounded to four digits on both sides; nothing beyond 28 digits"),
        new(Sql, "numbers with exponent", Handling.Rewritten, "CAST(… AS double precision) is written for PostgreSQL"),
        new(Sql, "floating point", Handling.NotGenerated, "no overflow, no NaN"),
        new(Sql, "boolean", Handling.NotGenerated, "casts are written out"),
        new(Sql, "failed statement", Handling.Emulated, "within a transaction the link sets a savepoint before each statement"),
        new(Sql, "identity", Handling.NotGenerated, "no explicit values beyond the counter"),
        new(Sql, "aggregates", Handling.Rewritten, "min and max over boolean are bool_and and bool_or, over uuid they go by the text"),
        new(Sql, "ALTER COLUMN TYPE", Handling.NotGenerated, "implicit conversions only"),
        new(Sql, "UPDATE / DELETE … FROM", Handling.NotGenerated, "no LATERAL and no ON that reads the target"),
        new(Sql, "type unification", Handling.NotGenerated, "operands of set operations have one type"),
        new(Sql, "arrays", Handling.NotGenerated, "one dimension only"),
        new(Sql, "unique keys", Handling.NotGenerated, "keys are moved beyond the others, never swapped"),
        new(Sql, "ORDER BY, GROUP BY", Handling.NotGenerated, "literals there are positions"),
        new(Sql, "aggregates with DISTINCT", Handling.Rewritten, "NULLS FIRST is written out for PostgreSQL"),
        new(Sql, "foreign keys", Handling.NotGenerated, "columns of keys and references have one type"),
        new(Sql, "a column assigned twice", Handling.NotGenerated, ""),
        new(Sql, "`?`", Handling.Rewritten, "jsonb_exists is written here"),
        new(Sql, "literals of no type", Handling.NotGenerated, "cast to text where a function takes any type"),
        new(Sql, "grouped expressions in subqueries", Handling.Compared, "PostgreSQL's 42803 of that text is no difference where the statement runs here"),
        new(Sql, "long keys", Handling.NotGenerated, "texts that are stored have 30 characters at most"),
        new(Sql, "memory of a statement", Handling.Compared, "a statement that ends with 53200 is set aside, and printed"),
        new(Sql, "nextval and its kin", Handling.NotGenerated, "defaults name sequences that exist"),
        new(Sql, "constant expressions that fail", Handling.NotGenerated, "errors are generated where nothing can skip them"),
        new(Sql, "constants as keys of grouping sets", Handling.NotGenerated, "keys of grouping sets are columns of tables"),
        new(Sql, "setval", Handling.NotGenerated, "forward by whole increments"),
        new(Functions, "square root, logarithm, division of floats outside their domain", Handling.NotGenerated, "arguments are within"),
        new(Functions, "numbers with exponents as text", Handling.NotGenerated, "floats are not cast to text"),
        new(Functions, "decimal and float → integer", Handling.NotGenerated, "rounded first"),
        new(Functions, "numeric NaN and infinities, infinite dates, `24:00`", Handling.NotGenerated, ""),
        new(Functions, "`avg`, `variance` and their kin", Handling.Rewritten, "CAST(… AS double precision) is written for PostgreSQL; avg is compared by value"),
        new(Functions, "text that is too long for varchar(n) in a CAST", Handling.NotGenerated, ""),
        new(Functions, "boolean ↔ number", Handling.NotGenerated, "integer only"),
        new(Functions, "boolean in `concat`, in arrays as text", Handling.NotGenerated, ""),
        new(Functions, "`upper`, `lower`, `initcap`", Handling.NotGenerated, "letters that both sides map alike"),
        new(Functions, "`.datetime(template)` in JSON paths, division there", Handling.NotGenerated, ""),
        new(Functions, "`jsonb -> 0` on a scalar", Handling.NotGenerated, ""),
        new(Functions, "json (not jsonb)", Handling.NotGenerated, "jsonb only"),
        new(Functions, "json functions over a document of another kind", Handling.NotGenerated, "arrays and objects are built around"),
        new(Functions, "time zones that are numbers", Handling.NotGenerated, "zones have names"),
        new(Functions, "texts as dates and times", Handling.NotGenerated, "ISO 8601 only"),
        new(Functions, "offsets before the time zones", Handling.NotGenerated, "no moments with a time zone before 1960"),
        new(Functions, "`EEEE` of a decimal whose digits round up to ten", Handling.NotGenerated, "templates have more digits than the numbers"),
        new(Functions, "regular expressions", Handling.NotGenerated, "syntax that both have, no part of a character beyond U+FFFF"),
    ];

    /// <summary>The null order of a key that does not say it.</summary>
    public static Dual NullOrder(bool descending) => new("", descending ? " NULLS LAST" : " NULLS FIRST", "null order");

    /// <summary>A literal with an exponent.</summary>
    public static Dual Exponent(string literal) => new(literal, $"CAST({literal} AS double precision)", "numbers with exponent");

    /// <summary>A text for each side because of a documented difference.</summary>
    public static Dual Because(string topic, string ours, string theirs) => new(ours, theirs, Known(topic));

    /// <summary>Fails for a topic that is not listed.</summary>
    public static string Known(string topic) =>
        Array.Exists(All, d => d.Topic == topic && d.Handling is Handling.Rewritten or Handling.Compared) ? topic : throw new InvalidOperationException($"No deviation '{topic}' is listed.");
}

namespace BareMetal.Data.Sql;

/// <summary>
/// The words that the grammar knows, in four classes as in PostgreSQL; the order is the class, see <see cref="Keywords"/>.
/// A name in Pascal case stands for the word in capitals, with an underscore before each inner capital.
/// </summary>
internal enum Keyword : byte
{
    /// <summary>Not a keyword.</summary>
    None,

    // Reserved: never a name without quotes.
    All, Analyze, And, Any, Array, As, Asc, Asymmetric, Both, Case, Cast, Check, Collate, Column, Constraint, Create,
    CurrentCatalog, CurrentDate, CurrentRole, CurrentTime, CurrentTimestamp, CurrentUser, Default, Deferrable, Desc,
    Distinct, Do, Else, End, Except, False, Fetch, For, Foreign, From, Grant, Group, Having, In, Initially, Intersect,
    Into, Lateral, Leading, Limit, Localtime, Localtimestamp, Not, Null, Offset, On, Only, Or, Order, Placing,
    Primary, References, Returning, Select, SessionUser, Some, Symmetric, Table, Then, To, Trailing, True, Union,
    Unique, User, Using, Variadic, When, Where, Window, With,

    // Names of functions and types only.
    Collation, Cross, CurrentSchema, Full, Ilike, Inner, Is, Isnull, Join, Left, Like, Natural, Notnull, Outer,
    Overlaps, Right, Similar, Tablesample, Verbose, Concurrently,

    // Names of columns and tables, but their call has a syntax of its own.
    Between, Exists, Extract, Grouping, Overlay, Position, Row, Substring, Trim, TryCast, Values,

    // Names of anything.
    Action, Add, Alter, Always, At, Begin, By, Cache, Cascade, Chain, Char, Character, Characteristics, Checkpoint,
    Comment, Commit, Committed, Conflict, Continue, Cube, Current, Cycle, Data, Database, Deferred, Delete, Double,
    Drop, Elseif, Elsif, Errcode, Escape, Exclude, Explain, Expression, Filter, First, Following, Format, Generated,
    Groups, Identity, If, Ignore, Immediate, Include, Increment, Index, Insert, Isolation, Key, Language, Last, Level,
    Local, Locked, Match, Materialized, Maxvalue, Minvalue, National, Next, No, Nothing, Nowait, Nulls, Of,
    Ordinality, Others, Over, Overriding, Owned, Partition, Perform, Preceding, Precision, Raise, Range, Read,
    Recursive, Reindex, Release, Rename, Repeatable, Replace, Reset, Respect, Restart, Restrict, Rollback, Rollup,
    Rows, Savepoint, Schema, Sequence, Serializable, Session, Set, Sets, Share, Show, Skip, Snapshot, Start, Stored,
    System, Temp, Temporary, Ties, Time, Timestamp, Transaction, Truncate, Type, Unbounded, Uncommitted, Unknown,
    Update, Vacuum, Valid, Varying, View, Virtual, Within, Without, Work, Write, Zone, Declare,
}

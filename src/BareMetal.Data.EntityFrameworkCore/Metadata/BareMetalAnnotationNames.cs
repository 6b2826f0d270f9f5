namespace BareMetal.Data.EntityFrameworkCore.Metadata;

/// <summary>Names of the annotations that this provider adds to models.</summary>
public static class BareMetalAnnotationNames
{
    /// <summary>The prefix of all of them.</summary>
    public const string Prefix = "BareMetal:";

    /// <summary>How values of a property are generated.</summary>
    public const string ValueGenerationStrategy = Prefix + "ValueGenerationStrategy";

    /// <summary>The first value of an identity column.</summary>
    public const string IdentitySeed = Prefix + "IdentitySeed";

    /// <summary>The distance between the values of an identity column.</summary>
    public const string IdentityIncrement = Prefix + "IdentityIncrement";

    /// <summary>The name of the sequence behind hi-lo keys.</summary>
    public const string HiLoSequenceName = Prefix + "HiLoSequenceName";

    /// <summary>The schema of the sequence behind hi-lo keys.</summary>
    public const string HiLoSequenceSchema = Prefix + "HiLoSequenceSchema";

    /// <summary>The name of the sequence that gives a column its default.</summary>
    public const string SequenceName = Prefix + "SequenceName";

    /// <summary>The schema of the sequence that gives a column its default.</summary>
    public const string SequenceSchema = Prefix + "SequenceSchema";

    /// <summary>The suffix of names of key sequences.</summary>
    public const string SequenceNameSuffix = Prefix + "SequenceNameSuffix";

    /// <summary>Columns that an index carries without being ordered by them.</summary>
    public const string IndexInclude = Prefix + "IndexInclude";

    /// <summary>Whether nulls differ from one another in a unique index.</summary>
    public const string NullsDistinct = Prefix + "NullsDistinct";

    /// <summary>Before the name of an index on expressions.</summary>
    public const string ExpressionIndex = Prefix + "ExpressionIndex:";

    /// <summary>Before the members of JSON documents that an index is on.</summary>
    public const string JsonIndex = Prefix + "JsonIndex:";

    /// <summary>Check constraints of a scaffolded table: names and conditions in turn.</summary>
    internal const string ScaffoldedChecks = Prefix + "ScaffoldedChecks";

    /// <summary>Alternate keys of a scaffolded table: for each a name and its columns.</summary>
    internal const string ScaffoldedKeys = Prefix + "ScaffoldedKeys";

    /// <summary>Whether large rows of a table are stored compressed.</summary>
    public const string Compression = Prefix + "Compression";
}

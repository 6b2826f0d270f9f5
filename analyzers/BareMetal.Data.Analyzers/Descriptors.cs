using Microsoft.CodeAnalysis;

namespace BareMetal.Data.Analyzers;

/// <summary>What the generator reports.</summary>
internal static class Descriptors
{
    private const string Category = "BareMetal.Data";

    public static readonly DiagnosticDescriptor NotPartial = Error("BMD0001", "An entity is a partial class", "'{0}' must be a partial class, in partial types only, so that its row codec can be generated");

    public static readonly DiagnosticDescriptor NoKey = Error("BMD0002", "An entity has a key", "'{0}' has no key: mark a member with [Key] or name one Id");

    public static readonly DiagnosticDescriptor UnsupportedType = Error("BMD0003", "A member's type can be stored", "The type '{1}' of '{0}' can't be stored: use a scalar, mark the member [EntityObject] when it is an object of scalars, or [NotMapped]");

    public static readonly DiagnosticDescriptor KeyNotSettable = Error("BMD0004", "A generated key can be set", "'{0}' gets its value from the database and needs a set accessor; or mark it [DatabaseGenerated(DatabaseGeneratedOption.None)]");

    public static readonly DiagnosticDescriptor NullableColumns = Error("BMD0005", "An object stored as columns is never null", "'{0}' is stored as columns and can't be null: make it not nullable or store it as json");

    public static readonly DiagnosticDescriptor UnknownIndexMember = Error("BMD0006", "An index names members", "The index of '{0}' names '{1}', which is not a stored scalar member");

    public static readonly DiagnosticDescriptor DuplicateColumn = Error("BMD0007", "Column names are unique", "'{0}' has two columns named '{1}'");

    public static readonly DiagnosticDescriptor NotConstructible = Error("BMD0008", "An entity can be made", "'{0}' must be a class that is neither abstract nor generic and has a constructor without parameters");

    public static readonly DiagnosticDescriptor ChangedWithoutVersion = Error("BMD0010", "The schema changed and the version did not", "The schema of '{0}' is not what the lock file has for version {1}: raise [Entity(Version = {2})] and add '{0} {2} {3}' to it");

    public static readonly DiagnosticDescriptor NotRecorded = new(
        "BMD0011", "The schema is not in the lock file", "Version {1} of '{0}' is not in the lock file: add the line '{0} {1} {2}'", Category, DiagnosticSeverity.Warning, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor OlderThanRecorded = Error("BMD0012", "The version is older than the lock file's", "The lock file has version {2} of '{0}', the class says {1}");

    public static DiagnosticDescriptor ById(string id) => id switch
    {
        "BMD0001" => NotPartial,
        "BMD0002" => NoKey,
        "BMD0003" => UnsupportedType,
        "BMD0004" => KeyNotSettable,
        "BMD0005" => NullableColumns,
        "BMD0006" => UnknownIndexMember,
        "BMD0007" => DuplicateColumn,
        _ => NotConstructible,
    };

    private static DiagnosticDescriptor Error(string id, string title, string message)
        => new(id, title, message, Category, DiagnosticSeverity.Error, isEnabledByDefault: true);
}

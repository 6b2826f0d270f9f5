using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace BareMetal.Data.Analyzers;

/// <summary>What came of one class: plain data, so that the incremental pipeline can tell when nothing changed.</summary>
internal sealed class EntityResult : IEquatable<EntityResult>
{
    public EntityResult(string name, int version, string hash, string hintName, string? source, string? mapping, LocationInfo location, Problem[] problems)
    {
        Name = name;
        Version = version;
        Hash = hash;
        HintName = hintName;
        Source = source;
        Mapping = mapping;
        Location = location;
        Problems = problems;
    }

    public string Name { get; }

    public int Version { get; }

    public string Hash { get; }

    public string HintName { get; }

    /// <summary>The generated part of the class; null when there are problems.</summary>
    public string? Source { get; }

    /// <summary>The EF Core configuration; null when there are problems.</summary>
    public string? Mapping { get; }

    public LocationInfo Location { get; }

    public Problem[] Problems { get; }

    public bool Equals(EntityResult? other)
        => other is not null && Name == other.Name && Version == other.Version && Hash == other.Hash && HintName == other.HintName
        && Source == other.Source && Mapping == other.Mapping && Location.Equals(other.Location) && Problems.SequenceEqual(other.Problems);

    public override bool Equals(object? obj) => Equals(obj as EntityResult);

    public override int GetHashCode() => (Source ?? Name).GetHashCode();
}

/// <summary>A diagnostic to be.</summary>
internal sealed class Problem : IEquatable<Problem>
{
    private readonly string _id;
    private readonly LocationInfo _location;
    private readonly string[] _arguments;

    public Problem(DiagnosticDescriptor descriptor, Location location, params string[] arguments)
    {
        _id = descriptor.Id;
        _location = new LocationInfo(location);
        _arguments = arguments;
    }

    public Diagnostic ToDiagnostic() => Diagnostic.Create(Descriptors.ById(_id), _location.ToLocation(), _arguments.Cast<object>().ToArray());

    public bool Equals(Problem? other)
        => other is not null && _id == other._id && _location.Equals(other._location) && _arguments.SequenceEqual(other._arguments);

    public override bool Equals(object? obj) => Equals(obj as Problem);

    public override int GetHashCode() => _id.GetHashCode();
}

/// <summary>A place in a source file, without the syntax tree.</summary>
internal readonly struct LocationInfo : IEquatable<LocationInfo>
{
    private readonly string _path;
    private readonly TextSpan _span;
    private readonly LinePositionSpan _lines;

    public LocationInfo(Location location)
    {
        _path = location.SourceTree?.FilePath ?? "";
        _span = location.SourceSpan;
        _lines = location.GetLineSpan().Span;
    }

    public Location ToLocation() => _path is null or "" ? Location.None : Location.Create(_path, _span, _lines);

    public bool Equals(LocationInfo other) => _path == other._path && _span == other._span && _lines == other._lines;

    public override bool Equals(object? obj) => obj is LocationInfo other && Equals(other);

    public override int GetHashCode() => _span.GetHashCode();
}

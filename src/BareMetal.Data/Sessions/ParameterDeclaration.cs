using BareMetal.Data.Types;

namespace BareMetal.Data.Sessions;

/// <summary>A parameter of a command.</summary>
/// <param name="Name">The name without its marker, or null for a positional one.</param>
/// <param name="Type">The type of the value that will be given; <see cref="SqlType.Unknown"/> lets the context decide.</param>
internal readonly record struct ParameterDeclaration(string? Name, SqlType Type);

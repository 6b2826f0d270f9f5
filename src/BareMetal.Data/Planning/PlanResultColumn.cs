using BareMetal.Data.Catalog;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning;

/// <summary>A column of a statement's result, as schema information describes it.</summary>
internal sealed record PlanResultColumn(string Name, SqlType Type, bool IsNullable, Column? Origin, Table? OriginTable);

using System.Data;
using System.Globalization;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations.Catalogue;

/// <summary>All that a database says about its schema, as lines that compare.</summary>
internal static class SchemaText
{
    // Migrations make schemas and never drop them.
    private static readonly string[] s_static = ["MetaDataCollections", "DataSourceInformation", "DataTypes", "Restrictions", "ReservedWords", "Databases", "Schemas"];

    // Columns are added at the end, wherever the model has them; a moved sequence keeps its start.
    private static readonly string[] s_ignored = ["ORDINAL_POSITION"];

    internal static string Of(BareMetalConnection connection, bool withDefaults = true)
    {
        List<string> lines = [];
        foreach (DataRow collection in connection.GetSchema("MetaDataCollections").Rows)
        {
            var name = (string)collection["CollectionName"];
            if (s_static.Contains(name))
                continue;
            using var table = connection.GetSchema(name);
            foreach (DataRow row in table.Rows)
            {
                var values = table.Columns.Cast<DataColumn>()
                    .Where(c => withDefaults || c.ColumnName != "COLUMN_DEFAULT")
                    .Where(c => !(s_ignored.Contains(c.ColumnName) && name == "Columns"))
                    // The sequence of an identity keeps its name when the table is renamed, as in PostgreSQL.
                    .Where(c => !(c.ColumnName == "SEQUENCE_NAME" && row[c] is string sequence && sequence.EndsWith("_seq", StringComparison.Ordinal)))
                    .Select(c => $"{c.ColumnName}={Convert.ToString(row[c], CultureInfo.InvariantCulture)}");
                lines.Add(name + ": " + string.Join(" ", values));
            }
        }

        lines.Sort(StringComparer.Ordinal);
        return string.Join("\n", lines);
    }
}

using System.Text;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Catalog;

/// <summary>The table functions under the system views: the catalog as rows.</summary>
internal static class SystemFunctions
{
    private static readonly SqlType Text = SqlType.Text;
    private static readonly SqlType Int = SqlType.Integer;
    private static readonly SqlType Long = SqlType.BigInt;
    private static readonly SqlType Bool = SqlType.Boolean;

    public static void Register(FunctionRegistry registry)
    {
        Add(registry, "bm_schemas", Schemas, ("schema_id", Long), ("schema_name", Text), ("is_system", Bool), ("comment", Text));
        Add(registry, "bm_tables", Tables, ("table_id", Long), ("schema_name", Text), ("table_name", Text), ("has_primary_key", Bool), ("comment", Text));
        Add(registry, "bm_columns", Columns,
            ("table_id", Long), ("schema_name", Text), ("table_name", Text), ("is_view", Bool), ("column_id", Int), ("column_name", Text), ("ordinal_position", Int),
            ("data_type", Text), ("is_nullable", Bool), ("default_sql", Text), ("generated_sql", Text), ("is_stored", Bool), ("identity", Text), ("identity_sequence", Text),
            ("max_length", Int), ("numeric_precision", Int), ("numeric_scale", Int), ("collation_name", Text), ("comment", Text));
        Add(registry, "bm_indexes", Indexes,
            ("index_id", Long), ("table_id", Long), ("schema_name", Text), ("table_name", Text), ("index_name", Text), ("is_unique", Bool), ("is_constraint", Bool),
            ("nulls_not_distinct", Bool), ("filter_sql", Text), ("comment", Text));
        Add(registry, "bm_index_columns", IndexColumns,
            ("index_id", Long), ("schema_name", Text), ("table_name", Text), ("index_name", Text), ("position", Int), ("column_name", Text), ("expression_sql", Text),
            ("is_descending", Bool), ("nulls_first", Bool), ("is_included", Bool));
        Add(registry, "bm_constraints", Constraints,
            ("schema_name", Text), ("table_name", Text), ("constraint_name", Text), ("constraint_type", Text), ("check_sql", Text), ("referenced_schema", Text),
            ("referenced_table", Text), ("referenced_constraint", Text), ("on_delete", Text), ("on_update", Text), ("comment", Text));
        Add(registry, "bm_constraint_columns", ConstraintColumns,
            ("schema_name", Text), ("table_name", Text), ("constraint_name", Text), ("position", Int), ("column_name", Text), ("referenced_column", Text));
        Add(registry, "bm_sequences", Sequences,
            ("sequence_id", Long), ("schema_name", Text), ("sequence_name", Text), ("data_type", Text), ("start_value", Long), ("min_value", Long), ("max_value", Long),
            ("increment", Long), ("is_cycle", Bool), ("cache", Int), ("owner_table", Text), ("owner_column", Text), ("comment", Text));
        Add(registry, "bm_routines", Routines,
            ("routine_id", Long), ("schema_name", Text), ("routine_name", Text), ("specific_name", Text), ("routine_type", Text), ("language", Text), ("data_type", Text),
            ("returns_set", Bool), ("volatility", Text), ("is_strict", Bool), ("routine_sql", Text), ("signature", Text), ("comment", Text));
        Add(registry, "bm_routine_parameters", RoutineParameters,
            ("routine_id", Long), ("schema_name", Text), ("routine_name", Text), ("specific_name", Text), ("position", Int), ("parameter_mode", Text), ("parameter_name", Text),
            ("data_type", Text), ("default_sql", Text));
        Add(registry, "bm_views", Views, ("view_id", Long), ("schema_name", Text), ("view_name", Text), ("view_sql", Text), ("check_option", Text), ("is_updatable", Bool), ("comment", Text));
        Add(registry, "bm_view_dependencies", ViewDependencies,
            ("view_schema", Text), ("view_name", Text), ("schema_name", Text), ("object_name", Text), ("object_type", Text), ("column_name", Text));
        AddFrom(registry, "bm_statistics", Statistics,
            ("schema_name", Text), ("table_name", Text), ("column_name", Text), ("table_rows", SqlType.Double), ("sampled_rows", Int), ("null_fraction", SqlType.Double),
            ("average_width", SqlType.Double), ("distinct_values", SqlType.Double), ("most_common_values", ArrayType(Text)), ("most_common_frequencies", ArrayType(SqlType.Double)),
            ("histogram_bounds", ArrayType(Text)), ("correlation", SqlType.Double));
        AddFrom(registry, "bm_statistics_prefixes", StatisticsPrefixes,
            ("schema_name", Text), ("table_name", Text), ("key_name", Text), ("parts", Int), ("entries", SqlType.Double), ("distinct_values", SqlType.Double));
    }

    private static SqlType ArrayType(SqlType element) => new(SqlTypeKind.Array) { Element = element };

    private static void Add(FunctionRegistry registry, string name, Func<CatalogSnapshot, IEnumerable<Value[]>> rows, params (string Name, SqlType Type)[] columns) =>
        AddFrom(registry, name, source => rows(source.Catalog), columns);

    private static void AddFrom(FunctionRegistry registry, string name, Func<ICatalogSource, IEnumerable<Value[]>> rows, params (string Name, SqlType Type)[] columns) =>
        registry.Add(new TableFunction
        {
            Name = name,
            Parameters = [],
            Columns = _ => columns,
            Invoke = (_, context) => rows(context is ICatalogSource source ? source : throw new InvalidOperationException("The statement has no catalog.")),
        });

    private static IEnumerable<Value[]> Statistics(ICatalogSource source)
    {
        foreach (Table t in All<Table>(source.Catalog))
        {
            if (source.StatisticsOf(t) is not { } s)
                continue;
            foreach (Column c in t.Columns)
            {
                if (s.Find(c) is not { } found)
                    continue;
                yield return
                [
                    Of(t.Schema), Of(t.Name), Of(c.Name), Of(s.Rows), Of(s.SampledRows), Of(found.NullFraction), Of(found.AverageWidth), Of(found.Distinct),
                    Of(found.MostCommon.Select(m => Of(Show(c.Type, m.Value.Value)))), ArrayOf(SqlType.Double, found.MostCommon.Select(m => Of(m.Frequency))),
                    Of(found.Histogram.Select(h => Of(Show(c.Type, h.Value)))), Of(found.Correlation),
                ];
            }
        }
    }

    private static IEnumerable<Value[]> StatisticsPrefixes(ICatalogSource source)
    {
        foreach (Table t in All<Table>(source.Catalog))
        {
            if (source.StatisticsOf(t) is not { } s)
                continue;
            foreach (PrefixStatistics p in s.Prefixes)
            {
                string? name = p.IndexId == 0 ? t.PrimaryKey?.Name : t.Indexes.FirstOrDefault(i => i.Id == p.IndexId)?.Name;
                for (int i = 0; i < p.Distinct.Count && name is not null; i++)
                    yield return [Of(t.Schema), Of(t.Name), Of(name), Of(i + 1), Of(p.Entries), Of(p.Distinct[i])];
            }
        }
    }

    private static string Show(SqlType type, Value value) => ValueText.Format(type, value);

    private static Value Of(double value) => Value.From(SqlTypeKind.Double, value);

    private static Value Of(IEnumerable<Value> values) => ArrayOf(SqlType.Text, values);

    private static Value ArrayOf(SqlType element, IEnumerable<Value> values) => Value.From(SqlTypeKind.Array, new ArrayValue(element, [.. values]));

    private static IEnumerable<Value[]> Schemas(CatalogSnapshot catalog)
    {
        foreach (SchemaObject s in catalog.Schemas)
            yield return [Of(s.Id), Of(s.Name), Of(s.Id < 0), Of(s.Comment)];
    }

    private static IEnumerable<Value[]> Tables(CatalogSnapshot catalog)
    {
        foreach (Table t in All<Table>(catalog))
            yield return [Of(t.Id), Of(t.Schema), Of(t.Name), Of(t.PrimaryKey is not null), Of(t.Comment)];
    }

    private static IEnumerable<Value[]> Columns(CatalogSnapshot catalog)
    {
        foreach (Table t in All<Table>(catalog))
        {
            foreach (Column c in t.Columns)
            {
                yield return
                [
                    Of(t.Id), Of(t.Schema), Of(t.Name), Of(false), Of(c.Id), Of(c.Name), Of(c.Ordinal + 1), Of(TypeNames.Format(c.Type)), Of(c.IsNullable), Of(c.DefaultSql),
                    Of(c.GeneratedSql), Of(c.IsStored), Of(c.Identity is null ? null : c.Identity.IsAlways ? "ALWAYS" : "BY DEFAULT"),
                    Of(c.Identity is null ? null : catalog.Find<Sequence>(c.Identity.SequenceId)?.Name),
                    Of(c.Type.Length), Of(c.Type.Precision), Of(c.Type.Scale), Of(c.Type.Collation), Of(c.Comment),
                ];
            }
        }

        foreach (View v in All<View>(catalog))
        {
            for (int i = 0; i < v.Columns.Count; i++)
            {
                ViewColumn c = v.Columns[i];
                yield return
                [
                    Of(v.Id), Of(v.Schema), Of(v.Name), Of(true), Of(i + 1), Of(c.Name), Of(i + 1), Of(TypeNames.Format(c.Type)), Of(c.IsNullable), None,
                    None, Of(false), None, None, Of(c.Type.Length), Of(c.Type.Precision), Of(c.Type.Scale), Of(c.Type.Collation), None,
                ];
            }
        }
    }

    private static IEnumerable<Value[]> Indexes(CatalogSnapshot catalog)
    {
        foreach (Table t in All<Table>(catalog))
        {
            foreach (TableIndex i in t.Indexes)
            {
                bool isConstraint = t.UniqueConstraints.Any(k => k.IndexId == i.Id);
                yield return [Of(i.Id), Of(t.Id), Of(t.Schema), Of(t.Name), Of(i.Name), Of(i.IsUnique), Of(isConstraint), Of(i.NullsNotDistinct), Of(i.FilterSql), Of(i.Comment)];
            }
        }
    }

    private static IEnumerable<Value[]> IndexColumns(CatalogSnapshot catalog)
    {
        foreach (Table t in All<Table>(catalog))
        {
            foreach (TableIndex i in t.Indexes)
            {
                int position = 0;
                foreach (IndexKeyPart k in i.Keys)
                {
                    string? column = k.ExpressionSql is null ? t.FindColumn(k.ColumnId)?.Name : null;
                    yield return [Of(i.Id), Of(t.Schema), Of(t.Name), Of(i.Name), Of(++position), Of(column), Of(k.ExpressionSql), Of(k.Descending), Of(k.NullsFirst), Of(false)];
                }

                foreach (int id in i.IncludedColumnIds)
                    yield return [Of(i.Id), Of(t.Schema), Of(t.Name), Of(i.Name), Of(++position), Of(t.FindColumn(id)?.Name), None, Of(false), Of(false), Of(true)];
            }
        }
    }

    private static IEnumerable<Value[]> Constraints(CatalogSnapshot catalog)
    {
        foreach (Table t in All<Table>(catalog))
        {
            foreach (KeyConstraint k in Keys(t))
            {
                yield return
                [
                    Of(t.Schema), Of(t.Name), Of(k.Name), Of(k.Kind == KeyConstraintKind.PrimaryKey ? "PRIMARY KEY" : "UNIQUE"),
                    None, None, None, None, None, None, Of(k.Comment),
                ];
            }

            foreach (ForeignKey f in t.ForeignKeys)
            {
                Table? parent = catalog.Find<Table>(f.ReferencedTableId);
                yield return
                [
                    Of(t.Schema), Of(t.Name), Of(f.Name), Of("FOREIGN KEY"), None, Of(parent?.Schema), Of(parent?.Name),
                    Of(parent is null ? null : ReferencedName(parent, f)), Of(Name(f.OnDelete)), Of(Name(f.OnUpdate)), Of(f.Comment),
                ];
            }

            foreach (CheckConstraint c in t.Checks)
                yield return [Of(t.Schema), Of(t.Name), Of(c.Name), Of("CHECK"), Of(c.Sql), None, None, None, None, None, Of(c.Comment)];
        }
    }

    private static IEnumerable<Value[]> ConstraintColumns(CatalogSnapshot catalog)
    {
        foreach (Table t in All<Table>(catalog))
        {
            foreach (KeyConstraint k in Keys(t))
            {
                for (int i = 0; i < k.ColumnIds.Count; i++)
                    yield return [Of(t.Schema), Of(t.Name), Of(k.Name), Of(i + 1), Of(t.FindColumn(k.ColumnIds[i])?.Name), None];
            }

            foreach (ForeignKey f in t.ForeignKeys)
            {
                Table? parent = catalog.Find<Table>(f.ReferencedTableId);
                for (int i = 0; i < f.ColumnIds.Count; i++)
                    yield return [Of(t.Schema), Of(t.Name), Of(f.Name), Of(i + 1), Of(t.FindColumn(f.ColumnIds[i])?.Name), Of(parent?.FindColumn(f.ReferencedColumnIds[i])?.Name)];
            }
        }
    }

    private static IEnumerable<Value[]> Sequences(CatalogSnapshot catalog)
    {
        foreach (Sequence s in All<Sequence>(catalog))
        {
            Table? owner = s.OwnedBy is { } o ? catalog.Find<Table>(o.TableId) : null;
            yield return
            [
                Of(s.Id), Of(s.Schema), Of(s.Name), Of(TypeNames.Format(s.Type)), Of(s.StartValue), Of(s.MinValue), Of(s.MaxValue), Of(s.Increment), Of(s.IsCycle), Of(s.Cache),
                Of(owner?.Name), Of(owner?.FindColumn(s.OwnedBy!.Value.ColumnId)?.Name), Of(s.Comment),
            ];
        }
    }

    private static IEnumerable<Value[]> Views(CatalogSnapshot catalog)
    {
        foreach (View v in All<View>(catalog))
            {
            bool updatable = Binding.TableBinder.UpdatableColumns(v, catalog, [v.Schema!, CatalogSnapshot.DefaultSchema]).Count > 0;
            yield return [Of(v.Id), Of(v.Schema), Of(v.Name), Of(v.Sql), Of(v.CheckOption.ToString().ToUpperInvariant()), Of(updatable), Of(v.Comment)];
        }
    }

    private static IEnumerable<Value[]> ViewDependencies(CatalogSnapshot catalog)
    {
        foreach (View v in All<View>(catalog))
        {
            foreach (ObjectDependency d in v.Dependencies)
            {
                if (!catalog.TryGet(d.ObjectId, out CatalogObject? o) || o is null)
                    continue;
                string type = o switch { Table => "TABLE", View => "VIEW", Sequence => "SEQUENCE", _ => "ROUTINE" };
                yield return [Of(v.Schema), Of(v.Name), Of(o.Schema), Of(o.Name), Of(type), Of(d.ColumnId == 0 ? null : (o as Table)?.FindColumn(d.ColumnId)?.Name)];
            }
        }
    }

    private static IEnumerable<Value[]> Routines(CatalogSnapshot catalog)
    {
        foreach (Routine r in All<Routine>(catalog))
        {
            string? type = r.ReturnType is { } plain ? TypeNames.Format(plain)
                : r.Kind == Sql.Syntax.RoutineKind.Procedure ? null
                : r.ResultColumns.Count == 0 ? "void" : r.ResultColumns.Count == 1 && !r.ReturnsSet ? TypeNames.Format(r.ResultColumns[0].Type) : "record";
            yield return
            [
                Of(r.Id), Of(r.Schema), Of(r.Name), Of(SpecificName(r)), Of(r.Kind == Sql.Syntax.RoutineKind.Procedure ? "PROCEDURE" : "FUNCTION"), Of(r.Language), Of(type),
                Of(r.ReturnsSet), Of(r.Volatility.ToString().ToLowerInvariant()), Of(r.IsStrict), Of(r.Body), Of(r.Signature), Of(r.Comment),
            ];
        }
    }

    private static IEnumerable<Value[]> RoutineParameters(CatalogSnapshot catalog)
    {
        foreach (Routine r in All<Routine>(catalog))
        {
            int position = 0;
            foreach (RoutineParameter p in r.Parameters)
                yield return [Of(r.Id), Of(r.Schema), Of(r.Name), Of(SpecificName(r)), Of(++position), Of(p.Mode.ToString().ToUpperInvariant()), Of(p.Name), Of(TypeNames.Format(p.Type)), Of(p.DefaultSql)];
        }
    }

    /// <summary>A name that no other overload has.</summary>
    private static string SpecificName(Routine r) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{r.Name}_{r.Id}");

    /// <summary>Objects of a kind in the order of their names, so that lists are stable.</summary>
    private static List<T> All<T>(CatalogSnapshot catalog)
        where T : CatalogObject
    {
        List<T> found = [];
        foreach (CatalogObject o in catalog.Objects)
        {
            if (o is T t && o.Id > 0)
                found.Add(t);
        }

        found.Sort(static (a, b) =>
        {
            int c = string.Compare(a.Schema, b.Schema, StringComparison.OrdinalIgnoreCase);
            return c != 0 ? c : string.Compare(a.Name, b.Name, StringComparison.OrdinalIgnoreCase);
        });
        return found;
    }

    private static IEnumerable<KeyConstraint> Keys(Table table) =>
        table.PrimaryKey is null ? table.UniqueConstraints : [table.PrimaryKey, .. table.UniqueConstraints];

    private static string? ReferencedName(Table parent, ForeignKey key)
    {
        foreach (KeyConstraint k in Keys(parent))
        {
            if (Ddl.TableKeys.SameColumns(k.ColumnIds, key.ReferencedColumnIds))
                return k.Name;
        }

        return Ddl.TableKeys.FindUniqueIndex(parent, key.ReferencedColumnIds)?.Name;
    }

    private static string Name(ReferentialAction action) => action switch
    {
        ReferentialAction.Restrict => "RESTRICT",
        ReferentialAction.Cascade => "CASCADE",
        ReferentialAction.SetNull => "SET NULL",
        ReferentialAction.SetDefault => "SET DEFAULT",
        _ => "NO ACTION",
    };

    /// <summary>A null of a text column.</summary>
    private static Value None => Value.Null(SqlTypeKind.Text);

    private static Value Of(string? value) =>
        value is null ? Value.Null(SqlTypeKind.Text) : Value.From(SqlTypeKind.Text, new ByteSlice(Encoding.UTF8.GetBytes(value)));

    private static Value Of(bool value) => Value.From(SqlTypeKind.Boolean, value);

    private static Value Of(int value) => Value.From(SqlTypeKind.Integer, value);

    private static Value Of(int? value) => value is { } v ? Of(v) : Value.Null(SqlTypeKind.Integer);

    private static Value Of(long value) => Value.From(SqlTypeKind.BigInt, value);
}

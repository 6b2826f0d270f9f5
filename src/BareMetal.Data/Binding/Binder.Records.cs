using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Row values: ROW(…), whole rows of FROM, and their fields.
internal sealed partial class Binder
{
    private static BoundCall MakeRow(string[] names, BoundExpression[] values) =>
        new(RowFunctions.Make, values, SqlType.RecordOf(names, [.. values.Select(v => v.Type)]));

    private BoundExpression BindLoneRow(Ast.RowExpression row, Scope scope)
    {
        var names = new string[row.Items.Length];
        var values = new BoundExpression[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = $"f{i + 1}";
            values[i] = Known(Bind(row.Items[i], scope), row.Items[i].Position);
        }

        return MakeRow(names, values);
    }

    /// <summary>All columns of an item of FROM as one value; null where an outer join found no row.</summary>
    private BoundExpression BindWholeRow(RangeTable table, SourcePosition position)
    {
        var names = new string[table.Columns.Count];
        var values = new BoundExpression[names.Length];
        BoundExpression? present = null;
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = table.Columns[i].Name;
            values[i] = Reference(table.Columns[i], position);
            if (table.Columns[i].Origin is { IsNullable: false } && values[i] is BoundColumn { Column.IsNullable: true })
                present ??= values[i];
        }

        BoundCall row = MakeRow(names, values);
        return present is null ? row : new BoundCase([new BoundWhen(new BoundIsNull(present, false), Null(row.Type))], row, row.Type);
    }

    private BoundExpression BindField(Ast.FieldExpression field, Scope scope)
    {
        if (field.Field is not { } name)
            throw SqlErrors.Syntax(field.Position, "All fields of a row stand in a select list or in RETURNING.");
        BoundExpression operand = Bind(field.Operand, scope);
        if (operand.Type is not { Kind: SqlTypeKind.Record, Fields: { } shape })
        {
            throw SqlErrors.At(
                field.Position, SqlStates.WrongObjectType, $"\"{name}\" is asked of a value of type {TypeNames.Format(operand.Type)}, which has no fields.",
                operand.Type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb ? "For JSON use -> and ->>." : null);
        }

        int index = shape.Find(name.Name);
        if (index >= 0)
            return FieldOf(operand, index);
        if (index == -2)
            throw SqlErrors.At(name.Position, SqlStates.AmbiguousColumn, $"The row has several fields \"{name}\".");
        string? near = NameSuggestion.Nearest(name.Name, shape.Names);
        throw SqlErrors.At(name.Position, SqlStates.UndefinedColumn, $"The row has no field \"{name}\".", near is null ? null : $"Did you mean \"{near}\"?");
    }

    private static BoundExpression FieldOf(BoundExpression row, int index) =>
        row is BoundCall call && call.Function == RowFunctions.Make ? call.Arguments[index] : new BoundCall(RowFunctions.Field(index), [row], row.Type.Fields!.Types[index]);

    /// <summary>(row).* in a select list.</summary>
    private void ExpandFields(Ast.FieldExpression field, Scope scope, List<SelectColumn> columns)
    {
        BoundExpression operand = Bind(field.Operand, scope);
        if (operand.Type is not { Kind: SqlTypeKind.Record, Fields: { } shape })
            throw SqlErrors.At(field.Position, SqlStates.WrongObjectType, $"A value of type {TypeNames.Format(operand.Type)} has no fields.");
        for (int i = 0; i < shape.Names.Count; i++)
            columns.Add(new SelectColumn { Name = shape.Names[i], Position = field.Position, Expression = FieldOf(operand, i) });
    }

    /// <summary>A row whose fields are converted.</summary>
    private BoundExpression CoerceRecord(BoundExpression row, SqlType type, CastContext context, SourcePosition position, string? what)
    {
        if (row is BoundConstant { Value.IsNull: true })
            return Null(type);
        RecordShape from = row.Type.Fields!, to = type.Fields!;
        if (from.Types.Count != to.Types.Count)
            throw CannotConvert(row.Type, type, context, position, what);
        var values = new BoundExpression[from.Types.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = Coerce(FieldOf(row, i), to.Types[i], context, position, what);
        BoundCall made = new(RowFunctions.Make, values, type);
        return row is BoundCall call && call.Function == RowFunctions.Make
            ? made
            : new BoundCase([new BoundWhen(new BoundIsNull(row, false), Null(type))], made, type);
    }

    /// <summary>IS NULL of a row: all of its fields are null; IS NOT NULL: none is.</summary>
    private static BoundExpression RowNullTest(BoundExpression row, bool negated)
    {
        var terms = new List<BoundExpression>();
        for (int i = 0; i < row.Type.Fields!.Types.Count; i++)
            terms.Add(new BoundIsNull(FieldOf(row, i), negated));
        return terms.Count switch { 0 => new BoundIsNull(row, negated), 1 => terms[0], _ => new BoundLogical(true, terms) };
    }

    private static void RefuseArrayOfRows(SqlType element, SourcePosition position)
    {
        if (element.Kind == SqlTypeKind.Record)
            throw SqlErrors.NotSupported(position, "Arrays of rows are not supported.", "Use json_agg, or an array for each column.");
    }
}

using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Functions over arrays. Subscripts count from 1; arrays are jagged.</summary>
internal static class ArrayFunctions
{
    public static void Define(Definitions define)
    {
        SqlType any = Definitions.Any, array = Definitions.AnyArray, integer = SqlType.Integer, boolean = SqlType.Boolean;
        Func<IReadOnlyList<SqlType>, SqlType> same = types => types[0];
        Typed(define, "subscript", types => types[0].Element!, (types, v) =>
        {
            Value[] items = Items(v[0]);
            int index = v[1].As<int>();
            return index >= 1 && index <= items.Length ? items[index - 1] : Value.Null(types[0].Element!.Kind);
        }, [array, integer]);
        define.Add("slice", same, (types, _) => Kernel.Values((v, _) =>
        {
            Value[] items = Items(v[0]);
            int from = Math.Max(1, v[1].As<int>()), to = Math.Min(items.Length, v[2].As<int>());
            return Array(types[0], from > to ? [] : items[(from - 1)..to]);
        }), [array, integer, integer]);
        define.Add("cardinality", _ => integer, (_, _) => Kernel.Of<ArrayValue, int>(a => Count(a)), [array]);
        define.Add("array_length", _ => integer, (_, _) => Kernel.Values((v, _) => Length(v[0].As<ArrayValue>(), v[1].As<int>())), [array, integer]);
        define.Add("array_upper", _ => integer, (_, _) => Kernel.Values((v, _) => Length(v[0].As<ArrayValue>(), v[1].As<int>())), [array, integer]);
        define.Add("array_lower", _ => integer, (_, _) => Kernel.Values((v, _) => Length(v[0].As<ArrayValue>(), v[1].As<int>()).IsNull ? Value.Null(SqlTypeKind.Integer) : Integer(1)), [array, integer]);
        define.Add("array_ndims", _ => integer, (_, _) => Kernel.Values((v, _) => Items(v[0]).Length == 0 ? Value.Null(SqlTypeKind.Integer) : Integer(Depth(v[0].As<ArrayValue>()))), [array]);

        define.Add("array_dims", _ => SqlType.Text, (_, _) => Kernel.Values((v, _) => Dimensions(v[0].As<ArrayValue>())), [array]);

        // Strict in the array only: null is looked for as well.
        define.Add("array_position", _ => integer, (types, _) => Position(types[0].Element!), [array, any], strict: false);
        define.Add("array_position", _ => integer, (types, _) => Position(types[0].Element!), [array, any, integer], strict: false);
        define.Add("array_positions", _ => SqlType.ArrayOf(integer), (types, _) =>
        {
            TypeComparer comparer = TypeComparer.For(types[0].Element!);
            return Kernel.Values((v, _) =>
            {
                if (v[0].IsNull)
                    return Value.Null(SqlTypeKind.Array);
                Value[] items = Items(v[0]);
                List<Value> positions = [];
                for (int i = 0; i < items.Length; i++)
                {
                    if (comparer.Same(items[i], v[1]))
                        positions.Add(Integer(i + 1));
                }

                return Value.From(SqlTypeKind.Array, new ArrayValue(integer, [.. positions]));
            }, strict: false);
        }, [array, any], strict: false);
        define.Add("@>", _ => boolean, (types, _) => Containment(types, swap: false), [array, array]);
        define.Add("<@", _ => boolean, (types, _) => Containment(types, swap: true), [array, array]);
        define.Add("&&", _ => boolean, (types, _) =>
        {
            TypeComparer comparer = TypeComparer.For(types[0].Element!);
            return Kernel.Of<ArrayValue, ArrayValue, bool>((a, b) => b.Items.Any(x => Holds(a, x, comparer)));
        }, [array, array]);
        foreach ((string cat, string append, string prepend) in ((string, string, string)[])[("||", "||", "||"), ("array_cat", "array_append", "array_prepend")])
        {
            define.Add(cat, same, (types, _) => Kernel.Values((v, _) =>
                v[0].IsNull ? v[1] : v[1].IsNull ? v[0] : Array(types[0], [.. Items(v[0]), .. Items(v[1])]), strict: false), [array, array], strict: false);
            define.Add(append, same, (types, _) => Kernel.Values((v, _) => Array(types[0], [.. v[0].IsNull ? [] : Items(v[0]), v[1]]), strict: false), [array, any], strict: false);
            define.Add(prepend, types => types[1], (types, _) => Kernel.Values((v, _) => Array(types[1], [v[0], .. v[1].IsNull ? [] : Items(v[1])]), strict: false), [any, array], strict: false);
        }

        define.Add("array_remove", same, (types, _) =>
        {
            TypeComparer comparer = TypeComparer.For(types[0].Element!);
            return Kernel.Values((v, _) => v[0].IsNull ? v[0] : Array(types[0], [.. Items(v[0]).Where(i => !comparer.Same(i, v[1]))]), strict: false);
        }, [array, any], strict: false);
        define.Add("array_replace", same, (types, _) =>
        {
            TypeComparer comparer = TypeComparer.For(types[0].Element!);
            return Kernel.Values((v, _) => v[0].IsNull ? v[0] : Array(types[0], [.. Items(v[0]).Select(i => comparer.Same(i, v[1]) ? v[2] : i)]), strict: false);
        }, [array, any, any], strict: false);
        define.Add("array_reverse", same, (types, _) => Kernel.Values((v, _) => Array(types[0], [.. Enumerable.Reverse(Items(v[0]))])), [array]);
        define.Add("array_sort", same, (types, _) =>
        {
            TypeComparer comparer = TypeComparer.For(types[0].Element!);
            return Kernel.Values((v, _) =>
            {
                Value[] items = [.. Items(v[0])];
                System.Array.Sort(items, (a, b) => a.IsNull || b.IsNull ? a.IsNull.CompareTo(b.IsNull) : comparer.Compare(a, b));
                return Array(types[0], items);
            });
        }, [array]);
        define.Add("trim_array", same, (types, _) => Kernel.Values((v, _) =>
        {
            Value[] items = Items(v[0]);
            int drop = v[1].As<int>();
            return drop >= 0 && drop <= items.Length ? Array(types[0], items[..^drop])
                : throw new BareMetalException(SqlStates.ArraySubscriptError, $"The number of elements to cut must be between 0 and {items.Length}.");
        }), [array, integer]);
        define.Add("array_to_string", _ => SqlType.Text, (types, _) => Kernel.Values((v, _) => Join(types[0].Element!, v)), [array, SqlType.Text]);
        define.Add("array_to_string", _ => SqlType.Text, (types, _) => Kernel.Values((v, _) => v[0].IsNull || v[1].IsNull ? Value.Null(SqlTypeKind.Text) : Join(types[0].Element!, v), strict: false), [array, SqlType.Text, SqlType.Text], strict: false);
        define.Add("array_fill", types => SqlType.ArrayOf(types[0]), (types, _) => Kernel.Values((v, _) =>
        {
            Value[] items = new Value[FillLength(v[1])];
            System.Array.Fill(items, v[0]);
            return Value.From(SqlTypeKind.Array, new ArrayValue(types[0], items));
        }, strict: false), [any, integer], strict: false);
        define.Add("array_fill", types => SqlType.ArrayOf(types[0]), (types, _) => Kernel.Values((v, _) =>
        {
            // PostgreSQL's form, whose second argument is the lengths of all dimensions: there is one here.
            Value[] lengths = v[1].IsNull ? [] : Items(v[1]);
            if (lengths.Length != 1 || lengths[0].IsNull)
                throw new BareMetalException(SqlStates.InvalidParameterValue, "array_fill takes the length of one dimension.");
            Value[] filled = new Value[FillLength(lengths[0])];
            System.Array.Fill(filled, v[0]);
            return Value.From(SqlTypeKind.Array, new ArrayValue(types[0], filled));
        }, strict: false), [any, SqlType.ArrayOf(integer)], strict: false);
    }

    private static void Typed(Definitions define, string name, Func<IReadOnlyList<SqlType>, SqlType> result, Func<IReadOnlyList<SqlType>, Value[], Value> function, SqlType[] parameters) =>
        define.Add(name, result, (types, _) => Kernel.Values((v, _) => function(types, v)), parameters);

    private static int FillLength(in Value length)
    {
        int count = length.IsNull ? 0 : length.As<int>();
        return count is >= 0 and <= 10_000_000 ? count : throw new BareMetalException(SqlStates.ProgramLimitExceeded, $"array_fill makes arrays of up to 10,000,000 elements, not {count}.");
    }

    /// <summary>The bounds of every dimension, as [1:3][1:2]; null for an array without elements.</summary>
    private static Value Dimensions(ArrayValue array)
    {
        System.Text.StringBuilder text = new();
        for (ArrayValue? level = array; level is { Items.Length: > 0 }; level = level.ElementType.Kind == SqlTypeKind.Array && !level.Items[0].IsNull ? level.Items[0].As<ArrayValue>() : null)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"[1:{level.Items.Length}]");
        return text.Length == 0 ? Value.Null(SqlTypeKind.Text) : Utf8.ToValue(text.ToString());
    }

    private static ScalarKernel Position(SqlType element)
    {
        TypeComparer comparer = TypeComparer.For(element);
        return Kernel.Values((v, _) =>
        {
            if (v[0].IsNull)
                return Value.Null(SqlTypeKind.Integer);
            Value[] items = Items(v[0]);
            if (v.Length > 2 && v[2].IsNull && items.Length > 0 && (!v[1].IsNull || System.Array.Exists(items, x => x.IsNull)))
                throw new BareMetalException(SqlStates.NullValueNotAllowed, "The position that array_position begins at must not be null.");
            for (int i = v.Length > 2 ? Math.Max(1, v[2].As<int>()) - 1 : 0; i < items.Length; i++)
            {
                if (comparer.Same(items[i], v[1]))
                    return Integer(i + 1);
            }

            return Value.Null(SqlTypeKind.Integer);
        }, strict: false);
    }

    private static ScalarKernel Containment(IReadOnlyList<SqlType> types, bool swap)
    {
        TypeComparer comparer = TypeComparer.For(types[0].Element!);
        return Kernel.Of<ArrayValue, ArrayValue, bool>((a, b) =>
        {
            (ArrayValue whole, ArrayValue part) = swap ? (b, a) : (a, b);
            return part.Items.All(x => Holds(whole, x, comparer));
        });
    }

    // As PostgreSQL: null is never found.
    private static bool Holds(ArrayValue array, Value wanted, TypeComparer comparer)
    {
        if (wanted.IsNull)
            return false;
        foreach (Value item in array.Items)
        {
            if (!item.IsNull && comparer.Equals(item, wanted))
                return true;
        }

        return false;
    }

    private static Value Join(SqlType element, Value[] v)
    {
        Rows.RowBuffer output = new();
        bool first = true;
        foreach (Value item in Items(v[0]))
        {
            if (item.IsNull && (v.Length < 3 || v[2].IsNull))
                continue;
            if (!first)
                output.Append(v[1].As<ByteSlice>().Span);
            first = false;
            if (item.IsNull)
                output.Append(v[2].As<ByteSlice>().Span);
            else
                ValueText.Append(element, item, output);
        }

        return Value.From(SqlTypeKind.Text, new ByteSlice(output.ToArray()));
    }

    private static int Count(ArrayValue array) => array.Items.Length;

    private static int Depth(ArrayValue array) => array.ElementType.Kind == SqlTypeKind.Array
        ? 1 + array.Items.Where(i => !i.IsNull).Select(i => Depth(i.As<ArrayValue>())).DefaultIfEmpty(0).Max()
        : 1;

    private static Value Length(ArrayValue array, int dimension)
    {
        while (dimension > 1 && array.ElementType.Kind == SqlTypeKind.Array && array.Items.Length > 0 && !array.Items[0].IsNull)
        {
            array = array.Items[0].As<ArrayValue>();
            dimension--;
        }

        return dimension == 1 && array.Items.Length > 0 ? Integer(array.Items.Length) : Value.Null(SqlTypeKind.Integer);
    }

    private static Value[] Items(in Value value) => value.As<ArrayValue>().Items;

    private static Value Integer(int value) => Value.From(SqlTypeKind.Integer, value);

    private static Value Array(SqlType type, Value[] items) => Value.From(SqlTypeKind.Array, new ArrayValue(type.Element!, items));
}

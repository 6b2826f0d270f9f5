using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Sequences, advisory locks, and what a session says of itself.</summary>
internal static class SystemFunctions
{
    public static void Define(Definitions define)
    {
        SqlType text = SqlType.Text, big = SqlType.BigInt, boolean = SqlType.Boolean;
        define.AddValues("nextval", big, (v, c) => Value.From(SqlTypeKind.BigInt, c.NextSequenceValue(Utf8.ToString(v[0]))), [text], volatility: Volatility.Volatile);
        define.AddValues("currval", big, (v, c) => Value.From(SqlTypeKind.BigInt, c.CurrentSequenceValue(Utf8.ToString(v[0]))), [text], volatility: Volatility.Volatile);
        define.AddValues("setval", big, (v, c) => SetSequence(v, c, true), [text, big], volatility: Volatility.Volatile);
        define.AddValues("setval", big, (v, c) => SetSequence(v, c, v[2].As<bool>()), [text, big, boolean], volatility: Volatility.Volatile);

        foreach (string prefix in new[] { "", "pg_" })
        {
            Lock(define, prefix + "advisory_lock", wait: true);
            Lock(define, prefix + "try_advisory_lock", wait: false);
            define.AddValues(prefix + "advisory_unlock", boolean, (v, c) => Boolean(c.ReleaseAdvisoryLock(LockName(v[0]))), [big], volatility: Volatility.Volatile);
            define.AddValues(prefix + "advisory_unlock", boolean, (v, c) => Boolean(c.ReleaseAdvisoryLock(LockName(v[0]))), [text], volatility: Volatility.Volatile);
        }

        foreach (string name in new[] { "current_user", "session_user", "user", "current_role", "current_schema", "current_database", "current_catalog", "version" })
        {
            string setting = name switch
            {
                "user" or "current_role" => "current_user",
                "current_catalog" => "current_database",
                _ => name,
            };
            define.AddValues(name, text, (_, c) => Utf8.ToValue(c.GetSetting(setting)), [], volatility: Volatility.Stable);
        }

        define.AddValues("current_setting", text, (v, c) => Utf8.ToValue(c.GetSetting(Utf8.ToString(v[0]))), [text], volatility: Volatility.Stable);
        define.Add("pg_typeof", _ => text, (types, _) => TypeName(types[0]), [Definitions.Any], strict: false);
    }

    private static void Lock(Definitions define, string name, bool wait)
    {
        foreach (SqlType type in new[] { SqlType.BigInt, SqlType.Text })
        {
            define.AddValues(name, SqlType.Boolean, (v, c) =>
            {
                c.AcquireAdvisoryLock(LockName(v[0]), wait, out bool acquired);
                return Boolean(acquired);
            }, [type], volatility: Volatility.Volatile);
        }
    }

    // Numbers and texts name different locks.
    private static string LockName(in Value key) => key.Kind == SqlTypeKind.Text
        ? "'" + Utf8.ToString(key) + "'"
        : key.As<long>().ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static Value SetSequence(Value[] v, FunctionContext context, bool isCalled)
    {
        context.SetSequenceValue(Utf8.ToString(v[0]), v[1].As<long>(), isCalled);
        return v[1];
    }

    private static ScalarKernel TypeName(SqlType type)
    {
        Value name = Utf8.ToValue(TypeNames.Format(type));
        return Kernel.Values((_, _) => name, strict: false);
    }

    private static Value Boolean(bool value) => Value.From(SqlTypeKind.Boolean, value);
}

using BareMetal.Data.Functions;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog;

/// <summary>Functions and procedures.</summary>
internal static partial class CatalogCodec
{
    private static void WriteRoutine(CatalogWriter w, Routine r)
    {
        w.Byte((byte)r.Kind);
        w.Text(r.Language);
        w.UInt((ulong)r.Parameters.Count);
        foreach (RoutineParameter p in r.Parameters)
        {
            w.Byte((byte)p.Mode);
            w.OptionalText(p.Name);
            w.Type(p.Type);
            w.OptionalText(p.DefaultSql);
        }

        w.Bool(r.ReturnType is not null);
        if (r.ReturnType is not null)
            w.Type(r.ReturnType);
        w.Bool(r.ReturnsSet);
        w.Byte((byte)r.Volatility);
        w.Bool(r.IsStrict);
        w.Byte((byte)r.BodyKind);
        w.Text(r.Body);
        w.UInt((ulong)r.Dependencies.Count);
        foreach (ObjectDependency d in r.Dependencies)
        {
            w.Int(d.ObjectId);
            w.Int(d.ColumnId);
        }
    }

    private static Routine ReadRoutine(ref CatalogReader r, Common common)
    {
        RoutineKind kind = (RoutineKind)r.Byte();
        string language = r.Text();
        RoutineParameter[] parameters = new RoutineParameter[r.Count()];
        for (int i = 0; i < parameters.Length; i++)
            parameters[i] = new RoutineParameter((RoutineParameterMode)r.Byte(), r.OptionalText(), r.Type()) { DefaultSql = r.OptionalText() };
        SqlType? returns = r.Bool() ? r.Type() : null;
        bool set = r.Bool();
        Volatility volatility = (Volatility)r.Byte();
        bool strict = r.Bool();
        RoutineBodyKind bodyKind = (RoutineBodyKind)r.Byte();
        string body = r.Text();
        ObjectDependency[] dependencies = new ObjectDependency[r.Count()];
        for (int i = 0; i < dependencies.Length; i++)
            dependencies[i] = new ObjectDependency(r.Int(), r.Int32());
        if (kind > RoutineKind.Procedure || volatility > Volatility.Volatile || bodyKind > RoutineBodyKind.Atomic || language is not ("sql" or "plpgsql")
            || Array.Exists(parameters, p => p.Mode > RoutineParameterMode.Table))
        {
            throw CatalogReader.Damaged();
        }

        return new Routine
        {
            Id = common.Id,
            Version = common.Version,
            Name = common.Name,
            Schema = common.Schema,
            Comment = common.Comment,
            Kind = kind,
            Language = language,
            Parameters = parameters,
            ReturnType = returns,
            ReturnsSet = set,
            Volatility = volatility,
            IsStrict = strict,
            BodyKind = bodyKind,
            Body = body,
            Dependencies = dependencies,
        };
    }
}

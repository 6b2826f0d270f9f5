using System.Reflection;
using System.Text.RegularExpressions;
using BareMetal.Data.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates the methods of <see cref="string" />, of <see cref="char" /> and <see cref="Regex.IsMatch(string, string)" />.</summary>
internal sealed class StringMethodTranslator(BareMetalSqlExpressionFactory factory) : IMethodCallTranslator
{
    private static readonly MethodInfo FirstOrDefault = typeof(Enumerable).GetRuntimeMethods()
        .Single(m => m.Name == nameof(Enumerable.FirstOrDefault) && m.GetParameters().Length == 1).MakeGenericMethod(typeof(char));

    private static readonly MethodInfo LastOrDefault = typeof(Enumerable).GetRuntimeMethods()
        .Single(m => m.Name == nameof(Enumerable.LastOrDefault) && m.GetParameters().Length == 1).MakeGenericMethod(typeof(char));

    public SqlExpression? Translate(
        SqlExpression? instance,
        MethodInfo method,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        if (method.DeclaringType == typeof(string))
            return instance is not null ? Instance(instance, method, arguments) : Static(method, arguments);

        if (method.DeclaringType == typeof(Regex) && method.Name == nameof(Regex.IsMatch) && method.IsStatic)
        {
            var parameters = method.GetParameters();
            var options = parameters.Length switch
            {
                2 when parameters[1].ParameterType == typeof(string) => RegexOptions.None,
                3 when arguments[2] is SqlConstantExpression { Value: RegexOptions given } => given,
                _ => (RegexOptions?)null,
            };
            if (options is null || parameters[0].ParameterType != typeof(string))
                return null;
            var (input, pattern) = Unify(arguments[0], arguments[1]);
            return factory.Strict("regex_is_match", [input, pattern, factory.Constant((int)options.Value)], typeof(bool));
        }

        if (method.DeclaringType == typeof(char))
        {
            if (method.Name is nameof(char.ToLower) or nameof(char.ToUpper) && arguments is [var character])
                return Char(factory.Strict(method.Name == nameof(char.ToLower) ? "lower" : "upper", [Text(character)], typeof(string)));
            return null;
        }

        if (method == FirstOrDefault && arguments[0].Type == typeof(string))
            return Char(factory.Strict("rpad", [arguments[0], factory.Constant(1), NoCharacter], typeof(string)));
        if (method == LastOrDefault && arguments[0].Type == typeof(string))
            return Char(Last(arguments[0]));
        return null;
    }

    private SqlExpression? Instance(SqlExpression instance, MethodInfo method, IReadOnlyList<SqlExpression> arguments)
    {
        var mapping = instance.TypeMapping;
        switch (method.Name, arguments.Count)
        {
            case (nameof(string.StartsWith), 1):
                return Test("starts_with");
            case (nameof(string.EndsWith), 1):
                return Test("ends_with");
            case (nameof(string.Contains), 1):
                return Test("contains");
            case (nameof(string.StartsWith), 2) when IsOrdinal(arguments[1]):
                return Test("starts_with");
            case (nameof(string.EndsWith), 2) when IsOrdinal(arguments[1]):
                return Test("ends_with");
            case (nameof(string.Contains), 2) when IsOrdinal(arguments[1]):
                return Test("contains");

            case (nameof(string.IndexOf), 1):
            case (nameof(string.IndexOf), 2) when IsOrdinal(arguments[1]):
            {
                var (text, part) = Unify(instance, Text(arguments[0]));
                return factory.Subtract(factory.Strict("strpos", [text, part], typeof(int)), factory.Constant(1));
            }

            case (nameof(string.IndexOf), 2) when arguments[1].Type == typeof(int):
            {
                var (text, part) = Unify(instance, Text(arguments[0]));
                return factory.Subtract(
                    factory.Strict("strpos", [text, part, FromOne(arguments[1])], typeof(int)),
                    factory.Constant(1));
            }

            case (nameof(string.Replace), 2):
            {
                var (from, to) = (Text(arguments[0]), Text(arguments[1]));
                var inferred = ExpressionExtensions.InferTypeMapping(instance, from, to) ?? BareMetalStringTypeMapping.Default;
                return factory.Strict(
                    "replace",
                    [
                        factory.ApplyTypeMapping(instance, inferred),
                        factory.ApplyTypeMapping(from, inferred),
                        factory.ApplyTypeMapping(to, inferred),
                    ],
                    typeof(string),
                    BareMetalStringTypeMapping.Default);
            }

            case (nameof(string.ToLower) or nameof(string.ToLowerInvariant), 0):
                return factory.Strict("lower", [instance], typeof(string), mapping);
            case (nameof(string.ToUpper) or nameof(string.ToUpperInvariant), 0):
                return factory.Strict("upper", [instance], typeof(string), mapping);

            case (nameof(string.Substring), 1):
                return factory.Strict(
                    "substr", [instance, FromOne(arguments[0])], typeof(string), mapping);
            case (nameof(string.Substring), 2):
                return factory.Strict(
                    "substr", [instance, FromOne(arguments[0]), arguments[1]], typeof(string), mapping);
            case ("get_Chars", 1):
                return Char(
                    factory.Strict(
                        "substr", [instance, FromOne(arguments[0]), factory.Constant(1)], typeof(string)));

            case (nameof(string.Trim), 0):
                return factory.Strict("trim_ws", [instance], typeof(string), mapping);
            case (nameof(string.TrimStart), 0):
                return factory.Strict("ltrim_ws", [instance], typeof(string), mapping);
            case (nameof(string.TrimEnd), 0):
                return factory.Strict("rtrim_ws", [instance], typeof(string), mapping);
            case (nameof(string.Trim), 1):
                return TrimSet("btrim", "trim_ws");
            case (nameof(string.TrimStart), 1):
                return TrimSet("ltrim", "ltrim_ws");
            case (nameof(string.TrimEnd), 1):
                return TrimSet("rtrim", "rtrim_ws");

            case (nameof(string.PadLeft), 1):
                return factory.Strict("pad_left", [instance, arguments[0]], typeof(string), BareMetalStringTypeMapping.Default);
            case (nameof(string.PadRight), 1):
                return factory.Strict("pad_right", [instance, arguments[0]], typeof(string), BareMetalStringTypeMapping.Default);
            case (nameof(string.PadLeft), 2):
                return factory.Strict(
                    "pad_left", [instance, arguments[0], Text(arguments[1])], typeof(string), BareMetalStringTypeMapping.Default);
            case (nameof(string.PadRight), 2):
                return factory.Strict(
                    "pad_right", [instance, arguments[0], Text(arguments[1])], typeof(string), BareMetalStringTypeMapping.Default);

            default:
                return null;
        }

        SqlExpression Test(string name)
        {
            var (text, part) = Unify(instance, Text(arguments[0]));
            return factory.Strict(name, [text, part], typeof(bool));
        }

        // The set of characters must be known: a parameter array has another shape in SQL.
        SqlExpression? TrimSet(string name, string plainName)
        {
            if (arguments[0] is not SqlConstantExpression constant)
                return null;
            var characters = constant.Value switch
            {
                char[] array => new string(array),
                char character => character.ToString(),
                _ => string.Empty,
            };
            return characters.Length == 0
                ? factory.Strict(plainName, [instance], typeof(string), mapping)
                : factory.Strict(
                    name, [instance, factory.Constant(characters, BareMetalStringTypeMapping.Default)], typeof(string), mapping);
        }
    }

    private SqlExpression? Static(MethodInfo method, IReadOnlyList<SqlExpression> arguments)
        => method.Name == nameof(string.IsNullOrWhiteSpace)
            ? factory.OrElse(
                factory.IsNull(arguments[0]),
                factory.Equal(
                    factory.Strict("trim_ws", [arguments[0]], typeof(string), arguments[0].TypeMapping),
                    factory.Constant(string.Empty, arguments[0].TypeMapping)))
            : method.Name == nameof(string.CompareOrdinal) && arguments.Count == 2
                ? Compare(arguments[0], arguments[1])
                : null;

    // The order of the database is the ordinal one, apart from surrogates.
    private SqlExpression Compare(SqlExpression first, SqlExpression second)
    {
        var (left, right) = Unify(first, second);
        return factory.Case(
            [
                new CaseWhenClause(factory.Equal(left, right), factory.Constant(0)),
                new CaseWhenClause(factory.GreaterThan(left, right), factory.Constant(1)),
                new CaseWhenClause(factory.LessThan(left, right), factory.Constant(-1)),
            ],
            elseResult: null);
    }

    private static bool IsOrdinal(SqlExpression comparison)
        => comparison is SqlConstantExpression { Value: StringComparison.Ordinal };

    private (SqlExpression Left, SqlExpression Right) Unify(SqlExpression left, SqlExpression right)
    {
        var mapping = ExpressionExtensions.InferTypeMapping(left, right) ?? BareMetalStringTypeMapping.Default;
        return (factory.ApplyTypeMapping(left, mapping), factory.ApplyTypeMapping(right, mapping));
    }

    private SqlExpression Last(SqlExpression text)
        => factory.Strict(
            "lpad",
            [factory.Strict("right", [text, factory.Constant(1)], typeof(string), text.TypeMapping), factory.Constant(1), NoCharacter],
            typeof(string));

    // What FirstOrDefault and LastOrDefault give for an empty text.
    private SqlExpression NoCharacter
        => factory.Strict("chr", [factory.Constant(0)], typeof(string), BareMetalStringTypeMapping.Default);

    // Positions count from 1 in SQL.
    private SqlExpression FromOne(SqlExpression position)
        => position is SqlConstantExpression { Value: int value }
            ? factory.Constant(value + 1)
            : factory.Add(position, factory.Constant(1));

    // A char is a text of one; what has no mapping yet becomes one here.
    private SqlExpression Text(SqlExpression expression)
    {
        if (expression.Type != typeof(char) && expression.Type != typeof(char?))
            return expression;
        return expression is SqlConstantExpression { Value: char character }
            ? factory.Constant(character.ToString())
            : factory.Convert(
                factory.ApplyTypeMapping(expression, BareMetalCharTypeMapping.Default), typeof(string), BareMetalStringTypeMapping.Default);
    }

    private SqlExpression Char(SqlExpression text)
        => factory.Convert(text, typeof(char), BareMetalCharTypeMapping.Default);
}

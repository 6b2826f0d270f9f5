using System.Collections;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>Runs a generated query on the database and on objects.</summary>
internal static class ConformanceRun
{
    /// <summary>The query is one that EF Core itself refuses before any provider sees it.</summary>
    public const string NotEFCore = "not expressible";

    // A column of constants or parameters alone is computed by the client, which set operations and subqueries do not take.
    private static readonly string[] s_notEFCore = ["'queryContext' could not be translated", "don't assign values to the same properties in the nominal type"];

    /// <summary>Null when both agree, otherwise what is wrong.</summary>
    public static string? Check(int seed, Works works, WorksContext context, SqlShapes? shapes = null)
    {
        GeneratedQuery query = new QueryGenerator(seed).Next();
        object? expected = null;
        Exception? expectedFailure = null;
        try
        {
            expected = Objects(query, works);
        }
        catch (Exception e)
        {
            expectedFailure = e.GetBaseException();
        }

        bool tracked = seed % 3 != 0;
        object? actual;
        try
        {
            actual = Database(query, context, tracked, split: seed % 2 == 0);
        }
        catch (Exception e)
        {
            e = e.GetBaseException();
            if (e is InvalidOperationException && Array.Exists(s_notEFCore, m => e.Message.Contains(m, StringComparison.Ordinal)))
                return NotEFCore;
            return expectedFailure?.GetType() == e.GetType() ? null : $"failed with {e.GetType().Name}: {e.Message}\n(objects: {expectedFailure?.Message ?? "no failure"})\n{query.Body}{Sql()}";
        }

        if (expectedFailure is not null)
            return $"objects failed with {expectedFailure.GetType().Name}: {expectedFailure.Message}\n{expectedFailure.StackTrace}\n{query.Body}";
        string? difference = Comparison.Differ(expected, actual, query.IsSequence, query.IsOrdered, query.Include) ?? Tracking(context, actual, tracked);
        return difference is null ? null : $"{difference}\n{query.Body}{Sql()}";

        string Sql() => shapes?.Last is { } sql ? "\n" + sql : "";
    }

    private static object? Objects(GeneratedQuery query, Works works)
    {
        Expression body = new ObjectQueryRewriter(works).Visit(query.Body);
        object? result = Expression.Lambda<Func<object?>>(Expression.Convert(body, typeof(object))).Compile(preferInterpretation: true)();
        return query.IsSequence ? ((IEnumerable)result!).Cast<object?>().ToList() : result;
    }

    private static object? Database(GeneratedQuery query, WorksContext context, bool tracked, bool split)
    {
        Expression body = new SetQueryRewriter(context).Visit(query.Body);
        Microsoft.EntityFrameworkCore.Query.IAsyncQueryProvider provider = context.GetService<Microsoft.EntityFrameworkCore.Query.IAsyncQueryProvider>();
        if (!query.IsSequence)
            return Method(nameof(Execute), body.Type).Invoke(null, [provider, body]);
        Type element = body.Type.GetInterfaces().Append(body.Type).First(t => t.IsGenericType && t.GetGenericTypeDefinition() == typeof(IQueryable<>)).GetGenericArguments()[0];
        IQueryable source = provider.CreateQuery(body);
        if (query.Include is { } include)
            source = (IQueryable)Method(nameof(Include), element).Invoke(null, [source, include, split])!;
        if (!tracked && !element.IsValueType && element != typeof(string))
            source = (IQueryable)Method(nameof(NoTracking), element).Invoke(null, [source])!;
        return source.Cast<object?>().ToList();
    }

    private static System.Reflection.MethodInfo Method(string name, Type element)
        => typeof(ConformanceRun).GetMethod(name, System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.MakeGenericMethod(element);

    private static IQueryable<T> Include<T>(IQueryable<T> source, string path, bool split)
        where T : class
        => split ? source.Include(path).AsSplitQuery() : source.Include(path);

    private static object? Execute<T>(IQueryProvider provider, Expression body) => provider.Execute<T>(body);

    private static IQueryable<T> NoTracking<T>(IQueryable<T> source)
        where T : class
        => source.AsNoTracking();

    /// <summary>Entities among the results are tracked once each, unchanged; without tracking there are none.</summary>
    private static string? Tracking(WorksContext context, object? result, bool tracked)
    {
        List<EntityEntry> entries = [.. context.ChangeTracker.Entries()];
        if (entries.Exists(e => e.State != EntityState.Unchanged))
            return $"an entity is {entries.Find(e => e.State != EntityState.Unchanged)!.State} after a query";
        if (!tracked)
            return result is not IEnumerable || entries.Count == 0 ? null : $"{entries.Count} entities are tracked";
        HashSet<object> known = new(entries.Select(e => e.Entity), ReferenceEqualityComparer.Instance);
        foreach (object? entity in result is IEnumerable many and not string ? many : new[] { result })
        {
            if (entity is Party or Project or Item or Label && !known.Contains(entity))
                return $"{entity} is not tracked";
        }

        return null;
    }
}

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

// What generated queries project to: equal by value, in C# as in SQL.
public sealed record Row<T1>(T1 A);

public sealed record Row<T1, T2>(T1 A, T2 B);

public sealed record Row<T1, T2, T3>(T1 A, T2 B, T3 C);

public sealed record Row<T1, T2, T3, T4>(T1 A, T2 B, T3 C, T4 D);

public sealed record Row<T1, T2, T3, T4, T5>(T1 A, T2 B, T3 C, T4 D, T5 E);

using System.Globalization;

namespace BareMetal.Samples.Shop;

/// <summary>Reads the reference data that is compiled into the sample.</summary>
internal static class ReferenceData
{
    public static IEnumerable<Currency> Currencies() => Read("currencies.csv", 4).Select(f => new Currency
    {
        Code = f[0],
        Number = int.Parse(f[1], CultureInfo.InvariantCulture),
        Digits = int.Parse(f[2], CultureInfo.InvariantCulture),
        Name = f[3],
    });

    public static IEnumerable<Country> Countries() => Read("countries.csv", 5).Select(f => new Country
    {
        Code = f[0],
        Number = int.Parse(f[1], CultureInfo.InvariantCulture),
        CurrencyCode = f[2],
        Continent = f[3],
        Name = f[4],
    });

    public static IEnumerable<Unit> Units() => Read("units.csv", 5).Select(f => new Unit
    {
        Code = f[0],
        Symbol = f[1],
        Quantity = f[2],
        Factor = decimal.Parse(f[3], CultureInfo.InvariantCulture),
        Name = f[4],
    });

    private static IEnumerable<string[]> Read(string name, int fields)
    {
        using StreamReader reader = new(typeof(ReferenceData).Assembly.GetManifestResourceStream(name)!);
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
            yield return line.Split(',', fields);
    }
}

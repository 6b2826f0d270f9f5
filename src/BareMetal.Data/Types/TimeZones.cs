namespace BareMetal.Data.Types;

/// <summary>Between instants and wall clocks, in ticks.</summary>
internal static class TimeZones
{
    /// <summary>The instant of a wall clock. A time that a change of clocks skips is read with the offset before it, as PostgreSQL does.</summary>
    public static long ToUtc(long local, TimeZoneInfo zone)
    {
        DateTime clock = new(local, DateTimeKind.Unspecified);
        TimeSpan offset = zone.IsInvalidTime(clock) ? zone.GetUtcOffset(clock.AddHours(-3)) : zone.GetUtcOffset(clock);
        return Check(local - offset.Ticks);
    }

    /// <summary>The wall clock at an instant.</summary>
    public static long FromUtc(long utc, TimeZoneInfo zone) => Check(utc + zone.GetUtcOffset(new DateTime(utc, DateTimeKind.Utc)).Ticks);

    /// <summary>A zone by IANA or Windows name, or an offset such as +02:00. Unknown names are 22023.</summary>
    public static TimeZoneInfo Find(string name)
    {
        if (name.Equals("UTC", StringComparison.OrdinalIgnoreCase) || name.Equals("Z", StringComparison.OrdinalIgnoreCase) || name.Equals("GMT", StringComparison.OrdinalIgnoreCase))
            return TimeZoneInfo.Utc;
        ReadOnlySpan<char> digits = name.AsSpan().TrimStart("+-");
        if (digits.Length < name.Length && TimeSpan.TryParse(digits.Contains(':') ? digits : digits.ToString() + ":00", System.Globalization.CultureInfo.InvariantCulture, out TimeSpan offset) && offset <= TimeSpan.FromHours(14))
            return TimeZoneInfo.CreateCustomTimeZone(name, name[0] == '-' ? -offset : offset, name, name);
        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone)
            ? zone
            : throw new BareMetalException(SqlStates.InvalidParameterValue, $"The time zone \"{name}\" is not known.") { Hint = "Use an IANA name such as Europe/Berlin, UTC, or an offset such as +02:00." };
    }

    private static long Check(long ticks) => ticks >= 0 && ticks <= DateTime.MaxValue.Ticks
        ? ticks
        : throw new BareMetalException(SqlStates.DatetimeOverflow, "The moment lies outside the years 1 to 9999.");
}

namespace BareMetal.Data.Functions.Json.Path;

/// <summary>SQLSTATEs of the SQL/JSON path language.</summary>
internal static class JsonPathErrors
{
    public const string InvalidSubscript = "22033";
    public const string NonNumericItem = "22036";
    public const string SingletonRequired = "22038";
    public const string ArrayNotFound = "22039";
    public const string MemberNotFound = "2203A";
    public const string NumberNotFound = "2203B";
    public const string ObjectNotFound = "2203C";
    public const string InvalidMoment = "22031";
    public const string MoreThanOneItem = "22034";
    public const string NoItem = "22035";
    public const string ScalarRequired = "2203F";
}

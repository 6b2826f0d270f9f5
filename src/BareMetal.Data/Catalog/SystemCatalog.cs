namespace BareMetal.Data.Catalog;

/// <summary>
/// The schemas and views that every database has: <c>information_schema</c> as the standard defines it (in part), and
/// <c>bm_catalog</c>, which says everything. They are not stored; their ids are negative.
/// </summary>
internal static class SystemCatalog
{
    public const string InformationSchema = "information_schema";

    public const string EngineSchema = "bm_catalog";

    public static IReadOnlyList<CatalogObject> Objects { get; } =
    [
        new SchemaObject { Id = -1, Name = InformationSchema },
        new SchemaObject { Id = -2, Name = EngineSchema },
        Engine(-10, "schemas"),
        Engine(-11, "tables"),
        Engine(-12, "columns"),
        Engine(-13, "indexes"),
        Engine(-14, "index_columns"),
        Engine(-15, "constraints"),
        Engine(-16, "constraint_columns"),
        Engine(-17, "sequences"),
        Engine(-18, "views"),
        Engine(-19, "statistics"),
        Engine(-20, "statistics_prefixes"),
        Engine(-21, "routines"),
        Engine(-22, "routine_parameters"),
        Standard(-30, "schemata", "SELECT current_database() AS catalog_name, schema_name, 'owner' AS schema_owner FROM bm_schemas()"),
        Standard(-31, "tables", """
            SELECT current_database() AS table_catalog, schema_name AS table_schema, table_name, 'BASE TABLE' AS table_type, 'YES' AS is_insertable_into FROM bm_tables()
            UNION ALL
            SELECT current_database(), schema_name, view_name, 'VIEW', CASE WHEN is_updatable THEN 'YES' ELSE 'NO' END FROM bm_views()
            """),
        Standard(-32, "columns", """
            SELECT current_database() AS table_catalog, schema_name AS table_schema, table_name, column_name, ordinal_position, default_sql AS column_default,
                CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, data_type, max_length AS character_maximum_length, numeric_precision, numeric_scale,
                collation_name, CASE WHEN identity IS NULL THEN 'NO' ELSE 'YES' END AS is_identity, identity AS identity_generation,
                CASE WHEN generated_sql IS NULL THEN 'NEVER' ELSE 'ALWAYS' END AS is_generated, generated_sql AS generation_expression
            FROM bm_columns()
            """),
        Standard(-33, "views", "SELECT current_database() AS table_catalog, schema_name AS table_schema, view_name AS table_name, view_sql AS view_definition, check_option, CASE WHEN is_updatable THEN 'YES' ELSE 'NO' END AS is_updatable, CASE WHEN is_updatable THEN 'YES' ELSE 'NO' END AS is_insertable_into FROM bm_views()"),
        Standard(-34, "table_constraints", """
            SELECT current_database() AS constraint_catalog, schema_name AS constraint_schema, constraint_name, current_database() AS table_catalog, schema_name AS table_schema,
                table_name, constraint_type, 'NO' AS is_deferrable, 'NO' AS initially_deferred
            FROM bm_constraints()
            """),
        Standard(-35, "key_column_usage", """
            SELECT current_database() AS constraint_catalog, schema_name AS constraint_schema, constraint_name, current_database() AS table_catalog, schema_name AS table_schema,
                table_name, column_name, position AS ordinal_position, CASE WHEN referenced_column IS NULL THEN NULL ELSE position END AS position_in_unique_constraint
            FROM bm_constraint_columns()
            """),
        Standard(-36, "referential_constraints", """
            SELECT current_database() AS constraint_catalog, schema_name AS constraint_schema, constraint_name, current_database() AS unique_constraint_catalog,
                referenced_schema AS unique_constraint_schema, referenced_constraint AS unique_constraint_name, 'NONE' AS match_option, on_update AS update_rule, on_delete AS delete_rule
            FROM bm_constraints() WHERE constraint_type = 'FOREIGN KEY'
            """),
        Standard(-37, "check_constraints", """
            SELECT current_database() AS constraint_catalog, schema_name AS constraint_schema, constraint_name, check_sql AS check_clause
            FROM bm_constraints() WHERE constraint_type = 'CHECK'
            """),
        Standard(-38, "sequences", """
            SELECT current_database() AS sequence_catalog, schema_name AS sequence_schema, sequence_name, data_type, start_value, min_value AS minimum_value, max_value AS maximum_value,
                increment, CASE WHEN is_cycle THEN 'YES' ELSE 'NO' END AS cycle_option
            FROM bm_sequences()
            """),
        Standard(-39, "routines", """
            SELECT current_database() AS specific_catalog, schema_name AS specific_schema, specific_name, current_database() AS routine_catalog, schema_name AS routine_schema,
                routine_name, routine_type, data_type, 'SQL' AS routine_body, routine_sql AS routine_definition, upper(language) AS external_language,
                CASE WHEN volatility = 'immutable' THEN 'YES' ELSE 'NO' END AS is_deterministic, CASE WHEN is_strict THEN 'YES' ELSE 'NO' END AS is_null_call
            FROM bm_routines()
            """),
        Standard(-40, "parameters", """
            SELECT current_database() AS specific_catalog, schema_name AS specific_schema, specific_name, position AS ordinal_position, parameter_mode,
                'NO' AS is_result, parameter_name, data_type, default_sql AS parameter_default
            FROM bm_routine_parameters() WHERE parameter_mode <> 'TABLE'
            """),
    ];

    private static View Engine(long id, string name) => new() { Id = id, Schema = EngineSchema, Name = name, Sql = $"SELECT * FROM bm_{name}()" };

    private static View Standard(long id, string name, string sql) => new() { Id = id, Schema = InformationSchema, Name = name, Sql = sql };
}

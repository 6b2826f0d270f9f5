namespace BareMetal.Data.Catalog;

/// <summary>
/// The schemas and views that every database has: <c>information_schema</c> as the standard defines it (in part), and
/// <c>bm_catalog</c>, which says everything, and what tools look for in <c>pg_catalog</c>. They are not stored; their ids are negative.
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
        Standard(-41, "constraint_column_usage", """
            SELECT current_database() AS table_catalog, coalesce(x.referenced_schema, x.schema_name) AS table_schema, coalesce(x.referenced_table, x.table_name) AS table_name,
                coalesce(c.referenced_column, c.column_name) AS column_name, current_database() AS constraint_catalog, x.schema_name AS constraint_schema, x.constraint_name
            FROM bm_constraints() x JOIN bm_constraint_columns() c ON c.schema_name = x.schema_name AND c.table_name = x.table_name AND c.constraint_name = x.constraint_name
            """),
        Standard(-42, "constraint_table_usage", """
            SELECT current_database() AS table_catalog, coalesce(referenced_schema, schema_name) AS table_schema, coalesce(referenced_table, table_name) AS table_name,
                current_database() AS constraint_catalog, schema_name AS constraint_schema, constraint_name
            FROM bm_constraints() WHERE constraint_type <> 'CHECK'
            """),
        Standard(-43, "view_table_usage", """
            SELECT DISTINCT current_database() AS view_catalog, view_schema, view_name, current_database() AS table_catalog, schema_name AS table_schema, object_name AS table_name
            FROM bm_view_dependencies() WHERE object_type IN ('TABLE', 'VIEW')
            """),
        Standard(-44, "view_column_usage", """
            SELECT DISTINCT current_database() AS view_catalog, view_schema, view_name, current_database() AS table_catalog, schema_name AS table_schema, object_name AS table_name, column_name
            FROM bm_view_dependencies() WHERE object_type IN ('TABLE', 'VIEW') AND column_name IS NOT NULL
            """),
        Standard(-45, "element_types", """
            SELECT current_database() AS object_catalog, schema_name AS object_schema, table_name AS object_name, CASE WHEN is_view THEN 'VIEW' ELSE 'TABLE' END AS object_type,
                ordinal_position::text AS collection_type_identifier, left(data_type, length(data_type) - 2) AS data_type
            FROM bm_columns() WHERE data_type LIKE '%[]'
            """),
        Standard(-46, "information_schema_catalog_name", "SELECT current_database() AS catalog_name"),
        Standard(-47, "collations", """
            SELECT DISTINCT current_database() AS collation_catalog, 'pg_catalog' AS collation_schema, n AS collation_name, 'NO PAD' AS pad_attribute
            FROM (SELECT collation_name FROM bm_columns() WHERE collation_name IS NOT NULL UNION VALUES ('default'), ('ordinal_ci')) c(n)
            """),
        Standard(-48, "character_sets", """
            SELECT NULL::text AS character_set_catalog, NULL::text AS character_set_schema, 'UTF8' AS character_set_name, 'UCS' AS character_repertoire, 'UTF8' AS form_of_use,
                current_database() AS default_collate_catalog, 'pg_catalog' AS default_collate_schema, 'default' AS default_collate_name
            """),
        Standard(-49, "table_privileges", """
            SELECT 'owner' AS grantor, 'owner' AS grantee, current_database() AS table_catalog, table_schema, table_name, p AS privilege_type, 'YES' AS is_grantable,
                CASE WHEN p = 'SELECT' THEN 'YES' ELSE 'NO' END AS with_hierarchy
            FROM information_schema.tables, (VALUES ('INSERT'), ('SELECT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES')) v(p) WHERE table_type = 'BASE TABLE' OR p = 'SELECT'
            """),
        Standard(-50, "triggers", """
            SELECT '' AS trigger_catalog, '' AS trigger_schema, '' AS trigger_name, '' AS event_manipulation, '' AS event_object_catalog, '' AS event_object_schema, '' AS event_object_table,
                0 AS action_order, '' AS action_condition, '' AS action_statement, '' AS action_orientation, '' AS action_timing WHERE false
            """),
        Standard(-51, "domains", "SELECT '' AS domain_catalog, '' AS domain_schema, '' AS domain_name, '' AS data_type, 0 AS character_maximum_length, '' AS domain_default WHERE false"),
        Standard(-52, "domain_constraints", "SELECT '' AS constraint_catalog, '' AS constraint_schema, '' AS constraint_name, '' AS domain_catalog, '' AS domain_schema, '' AS domain_name WHERE false"),
        Standard(-53, "user_defined_types", "SELECT '' AS user_defined_type_catalog, '' AS user_defined_type_schema, '' AS user_defined_type_name, '' AS user_defined_type_category WHERE false"),
        .. PgCatalog.Objects,
    ];

    private static View Engine(long id, string name) => new() { Id = id, Schema = EngineSchema, Name = name, Sql = $"SELECT * FROM bm_{name}()" };

    private static View Standard(long id, string name, string sql) => new() { Id = id, Schema = InformationSchema, Name = name, Sql = sql };
}

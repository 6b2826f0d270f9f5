namespace BareMetal.Data.Catalog;

/// <summary>
/// <c>pg_catalog</c>: the views of PostgreSQL's that tools and scripts look at, as far as they mean something here. Object ids are the catalog's; a primary key, which
/// is the table's own order, has its table's id with a minus as its index.
/// </summary>
internal static class PgCatalog
{
    public const string Schema = "pg_catalog";

    private const string TypeTable = """
        (VALUES (16, 'bool', 'boolean', 1, 'B', 1000), (21, 'int2', 'smallint', 2, 'N', 1005), (23, 'int4', 'integer', 4, 'N', 1007), (20, 'int8', 'bigint', 8, 'N', 1016),
            (700, 'float4', 'real', 4, 'N', 1021), (701, 'float8', 'double precision', 8, 'N', 1022), (1700, 'numeric', 'decimal', -1, 'N', 1231),
            (25, 'text', 'text', -1, 'S', 1009), (1043, 'varchar', 'varchar', -1, 'S', 1015), (1042, 'bpchar', 'char', -1, 'S', 1014), (17, 'bytea', 'bytea', -1, 'U', 1001),
            (2950, 'uuid', 'uuid', 16, 'U', 2951), (1082, 'date', 'date', 4, 'D', 1182), (1083, 'time', 'time', 8, 'D', 1183), (1114, 'timestamp', 'timestamp', 8, 'D', 1115),
            (1184, 'timestamptz', 'timestamptz', 8, 'D', 1185), (1186, 'interval', 'interval', 16, 'T', 1187), (114, 'json', 'json', -1, 'U', 199), (3802, 'jsonb', 'jsonb', -1, 'U', 3807),
            (90001, 'tinyint', 'tinyint', 1, 'N', 91001), (90002, 'utinyint', 'utinyint', 1, 'N', 91002), (90003, 'usmallint', 'usmallint', 2, 'N', 91003),
            (90004, 'uinteger', 'uinteger', 4, 'N', 91004), (90005, 'ubigint', 'ubigint', 8, 'N', 91005), (90006, 'rowversion', 'rowversion', 8, 'U', 91006),
            (90007, 'datetimeoffset', 'datetimeoffset', 16, 'D', 91007), (90008, 'timespan', 'timespan', 8, 'T', 91008), (2249, 'record', 'record', -1, 'P', 2287))
        AS y(oid, typname, own_name, typlen, typcategory, array_oid)
        """;

    /// <summary>The type of a column's text, as an id.</summary>
    private const string TypeOfColumn =
        "(SELECT CASE WHEN c.data_type LIKE '%[]' THEN y.array_oid ELSE y.oid END FROM " + TypeTable + " WHERE y.own_name = split_part(replace(c.data_type, '[]', ''), '(', 1))";

    /// <summary>Index keys as CREATE INDEX writes them.</summary>
    private const string IndexKeys = """
        (SELECT string_agg(coalesce(quote_ident(k.column_name), CASE WHEN k.expression_sql LIKE '(%)' THEN k.expression_sql ELSE '(' || k.expression_sql || ')' END) || CASE WHEN k.is_descending THEN ' DESC' ELSE '' END
            || CASE WHEN k.is_descending AND k.nulls_first THEN ' NULLS FIRST' WHEN NOT k.is_descending AND NOT k.nulls_first THEN ' NULLS LAST' ELSE '' END, ', ' ORDER BY k.position)
            FROM bm_index_columns() k WHERE k.index_id = i.index_id AND NOT k.is_included)
        """;

    private const string IncludedColumns =
        "(SELECT ' INCLUDE (' || string_agg(quote_ident(k.column_name), ', ' ORDER BY k.position) || ')' FROM bm_index_columns() k WHERE k.index_id = i.index_id AND k.is_included)";

    /// <summary>The numbers of a constraint's columns.</summary>
    private const string KeyNumbers = """
        ARRAY(SELECT c.ordinal_position FROM bm_constraint_columns() k JOIN bm_columns() c ON c.schema_name = k.schema_name AND c.table_name = k.table_name AND c.column_name = k.column_name
            WHERE k.schema_name = x.schema_name AND k.table_name = x.table_name AND k.constraint_name = x.constraint_name ORDER BY k.position)
        """;

    private const string ReferencedNumbers = """
        ARRAY(SELECT c.ordinal_position FROM bm_constraint_columns() k
            JOIN bm_columns() c ON c.schema_name = x.referenced_schema AND c.table_name = x.referenced_table AND c.column_name = k.referenced_column
            WHERE k.schema_name = x.schema_name AND k.table_name = x.table_name AND k.constraint_name = x.constraint_name ORDER BY k.position)
        """;

    public static IReadOnlyList<CatalogObject> Objects { get; } =
    [
        new SchemaObject { Id = -3, Name = Schema },
        Make(-100, "pg_namespace", "SELECT schema_id AS oid, schema_name AS nspname, 10 AS nspowner FROM bm_schemas()"),
        Make(-101, "pg_class", """
            SELECT t.table_id AS oid, t.table_name AS relname, s.schema_id AS relnamespace, 10 AS relowner, 'r' AS relkind, 'p' AS relpersistence,
                EXISTS (SELECT 1 FROM bm_indexes() i WHERE i.table_id = t.table_id) OR t.has_primary_key AS relhasindex,
                (SELECT count(*)::integer FROM bm_columns() c WHERE c.table_id = t.table_id AND NOT c.is_view) AS relnatts, false AS relispartition, false AS relrowsecurity, -1::real AS reltuples
            FROM bm_tables() t JOIN bm_schemas() s ON s.schema_name = t.schema_name
            UNION ALL SELECT v.view_id, v.view_name, s.schema_id, 10, 'v', 'p', false, (SELECT count(*)::integer FROM bm_columns() c WHERE c.table_id = v.view_id AND c.is_view), false, false, -1::real
            FROM bm_views() v JOIN bm_schemas() s ON s.schema_name = v.schema_name
            UNION ALL SELECT i.index_id, i.index_name, s.schema_id, 10, 'i', 'p', false, (SELECT count(*)::integer FROM bm_index_columns() c WHERE c.index_id = i.index_id), false, false, -1::real
            FROM bm_indexes() i JOIN bm_schemas() s ON s.schema_name = i.schema_name
            UNION ALL SELECT -t.table_id, x.constraint_name, s.schema_id, 10, 'i', 'p', false,
                (SELECT count(*)::integer FROM bm_constraint_columns() k WHERE k.schema_name = x.schema_name AND k.table_name = x.table_name AND k.constraint_name = x.constraint_name), false, false, -1::real
            FROM bm_constraints() x JOIN bm_tables() t ON t.schema_name = x.schema_name AND t.table_name = x.table_name JOIN bm_schemas() s ON s.schema_name = x.schema_name
            WHERE x.constraint_type = 'PRIMARY KEY'
            UNION ALL SELECT q.sequence_id, q.sequence_name, s.schema_id, 10, 'S', 'p', false, 3, false, false, 1::real
            FROM bm_sequences() q JOIN bm_schemas() s ON s.schema_name = q.schema_name
            """),
        Make(-102, "pg_attribute", $"""
            SELECT c.table_id AS attrelid, c.column_name AS attname, {TypeOfColumn} AS atttypid, c.ordinal_position AS attnum,
                CASE WHEN c.max_length IS NOT NULL THEN c.max_length + 4 WHEN c.numeric_precision IS NOT NULL THEN c.numeric_precision * 65536 + coalesce(c.numeric_scale, 0) + 4 ELSE -1 END AS atttypmod,
                CASE WHEN c.data_type LIKE '%[]' THEN 1 ELSE 0 END AS attndims, NOT c.is_nullable AS attnotnull, c.default_sql IS NOT NULL OR c.generated_sql IS NOT NULL AS atthasdef,
                CASE c.identity WHEN 'ALWAYS' THEN 'a' WHEN 'BY DEFAULT' THEN 'd' ELSE '' END AS attidentity, CASE WHEN c.generated_sql IS NULL THEN '' WHEN c.is_stored THEN 's' ELSE 'v' END AS attgenerated,
                false AS attisdropped
            FROM bm_columns() c
            """),
        Make(-103, "pg_attrdef", """
            SELECT row_number() OVER (ORDER BY table_id, column_id) AS oid, table_id AS adrelid, ordinal_position AS adnum, coalesce(default_sql, generated_sql) AS adbin
            FROM bm_columns() WHERE default_sql IS NOT NULL OR generated_sql IS NOT NULL
            """),
        Make(-104, "pg_type", $"""
            SELECT y.oid, y.typname, -3::bigint AS typnamespace, y.typlen, CASE WHEN y.oid = 2249 THEN 'p' ELSE 'b' END AS typtype, y.typcategory, 0 AS typelem, y.array_oid AS typarray, 0 AS typbasetype,
                true AS typisdefined, false AS typnotnull, 0 AS typrelid FROM {TypeTable}
            UNION ALL SELECT y.array_oid, '_' || y.typname, -3, -1, CASE WHEN y.oid = 2249 THEN 'p' ELSE 'b' END, 'A', y.oid, 0, 0, true, false, 0 FROM {TypeTable}
            """),
        Make(-105, "pg_index", $"""
            SELECT i.index_id AS indexrelid, i.table_id AS indrelid, (SELECT count(*)::integer FROM bm_index_columns() k WHERE k.index_id = i.index_id) AS indnatts,
                (SELECT count(*)::integer FROM bm_index_columns() k WHERE k.index_id = i.index_id AND NOT k.is_included) AS indnkeyatts, i.is_unique AS indisunique, i.nulls_not_distinct AS indnullsnotdistinct,
                false AS indisprimary, false AS indisclustered, true AS indisvalid, true AS indisready,
                ARRAY(SELECT coalesce(c.ordinal_position, 0) FROM bm_index_columns() k LEFT JOIN bm_columns() c ON c.table_id = i.table_id AND c.column_name = k.column_name AND NOT c.is_view
                    WHERE k.index_id = i.index_id ORDER BY k.position) AS indkey,
                (SELECT string_agg(k.expression_sql, ', ' ORDER BY k.position) FROM bm_index_columns() k WHERE k.index_id = i.index_id) AS indexprs, i.filter_sql AS indpred
            FROM bm_indexes() i
            UNION ALL SELECT -t.table_id, t.table_id, cardinality(n.keys), cardinality(n.keys), true, false, true, true, true, true, n.keys, NULL, NULL
            FROM bm_constraints() x JOIN bm_tables() t ON t.schema_name = x.schema_name AND t.table_name = x.table_name, LATERAL (SELECT {KeyNumbers} AS keys) n
            WHERE x.constraint_type = 'PRIMARY KEY'
            """),
        Make(-106, "pg_constraint", $"""
            SELECT row_number() OVER (ORDER BY x.schema_name, x.table_name, x.constraint_name) AS oid, x.constraint_name AS conname, s.schema_id AS connamespace,
                CASE x.constraint_type WHEN 'PRIMARY KEY' THEN 'p' WHEN 'UNIQUE' THEN 'u' WHEN 'FOREIGN KEY' THEN 'f' ELSE 'c' END AS contype, false AS condeferrable, false AS condeferred,
                true AS convalidated, t.table_id AS conrelid,
                CASE x.constraint_type WHEN 'PRIMARY KEY' THEN -t.table_id WHEN 'UNIQUE' THEN (SELECT i.index_id FROM bm_indexes() i WHERE i.table_id = t.table_id AND i.index_name = x.constraint_name) ELSE 0 END AS conindid,
                coalesce(r.table_id, 0) AS confrelid, {Action("x.on_update")} AS confupdtype, {Action("x.on_delete")} AS confdeltype,
                CASE WHEN r.table_id IS NULL THEN ' ' ELSE 's' END AS confmatchtype, {KeyNumbers} AS conkey, CASE WHEN r.table_id IS NOT NULL THEN {ReferencedNumbers} END AS confkey, x.check_sql AS conbin
            FROM bm_constraints() x JOIN bm_tables() t ON t.schema_name = x.schema_name AND t.table_name = x.table_name JOIN bm_schemas() s ON s.schema_name = x.schema_name
                LEFT JOIN bm_tables() r ON r.schema_name = x.referenced_schema AND r.table_name = x.referenced_table
            """),
        Make(-107, "pg_tables", """
            SELECT t.schema_name AS schemaname, t.table_name AS tablename, 'owner' AS tableowner, NULL::text AS tablespace,
                EXISTS (SELECT 1 FROM bm_indexes() i WHERE i.table_id = t.table_id) OR t.has_primary_key AS hasindexes, false AS hasrules, false AS hastriggers, false AS rowsecurity
            FROM bm_tables() t
            """),
        Make(-108, "pg_views", "SELECT schema_name AS schemaname, view_name AS viewname, 'owner' AS viewowner, view_sql AS definition FROM bm_views()"),
        Make(-109, "pg_indexes", $"""
            SELECT i.schema_name AS schemaname, i.table_name AS tablename, i.index_name AS indexname, NULL::text AS tablespace,
                'CREATE ' || CASE WHEN i.is_unique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(i.index_name) || ' ON ' || quote_ident(i.schema_name) || '.' || quote_ident(i.table_name)
                || ' (' || {IndexKeys} || ')' || coalesce({IncludedColumns}, '') || CASE WHEN i.nulls_not_distinct THEN ' NULLS NOT DISTINCT' ELSE '' END
                || coalesce(' WHERE ' || i.filter_sql, '') AS indexdef
            FROM bm_indexes() i
            UNION ALL SELECT x.schema_name, x.table_name, x.constraint_name, NULL,
                'CREATE UNIQUE INDEX ' || quote_ident(x.constraint_name) || ' ON ' || quote_ident(x.schema_name) || '.' || quote_ident(x.table_name) || ' ('
                || (SELECT string_agg(quote_ident(k.column_name), ', ' ORDER BY k.position) FROM bm_constraint_columns() k
                    WHERE k.schema_name = x.schema_name AND k.table_name = x.table_name AND k.constraint_name = x.constraint_name) || ')'
            FROM bm_constraints() x WHERE x.constraint_type = 'PRIMARY KEY'
            """),
        Make(-110, "pg_sequences", """
            SELECT schema_name AS schemaname, sequence_name AS sequencename, 'owner' AS sequenceowner, data_type, start_value, min_value, max_value, increment AS increment_by,
                is_cycle AS cycle, cache AS cache_size FROM bm_sequences()
            """),
        Make(-111, "pg_description", """
            SELECT table_id AS objoid, 'pg_class' AS classoid, 0 AS objsubid, comment AS description FROM bm_tables() WHERE comment IS NOT NULL
            UNION ALL SELECT view_id, 'pg_class', 0, comment FROM bm_views() WHERE comment IS NOT NULL
            UNION ALL SELECT table_id, 'pg_class', ordinal_position, comment FROM bm_columns() WHERE comment IS NOT NULL
            UNION ALL SELECT index_id, 'pg_class', 0, comment FROM bm_indexes() WHERE comment IS NOT NULL
            UNION ALL SELECT sequence_id, 'pg_class', 0, comment FROM bm_sequences() WHERE comment IS NOT NULL
            UNION ALL SELECT schema_id, 'pg_namespace', 0, comment FROM bm_schemas() WHERE comment IS NOT NULL
            UNION ALL SELECT routine_id, 'pg_proc', 0, comment FROM bm_routines() WHERE comment IS NOT NULL
            """),
        Make(-112, "pg_proc", """
            SELECT r.routine_id AS oid, r.routine_name AS proname, s.schema_id AS pronamespace, 10 AS proowner, r.language AS prolang, CASE r.routine_type WHEN 'PROCEDURE' THEN 'p' ELSE 'f' END AS prokind,
                r.is_strict AS proisstrict, r.returns_set AS proretset, left(r.volatility, 1) AS provolatile,
                (SELECT count(*)::integer FROM bm_routine_parameters() p WHERE p.routine_id = r.routine_id AND p.parameter_mode IN ('IN', 'INOUT')) AS pronargs, r.routine_sql AS prosrc
            FROM bm_routines() r JOIN bm_schemas() s ON s.schema_name = r.schema_name
            """),
        Make(-113, "pg_database", "SELECT 1 AS oid, current_database() AS datname, 10 AS datdba, 6 AS encoding, true AS datallowconn, false AS datistemplate"),
        Make(-114, "pg_trigger", "SELECT 0::bigint AS oid, 0::bigint AS tgrelid, '' AS tgname, true AS tgisinternal WHERE false"),
        Make(-115, "pg_enum", "SELECT 0::bigint AS oid, 0::bigint AS enumtypid, 0::real AS enumsortorder, '' AS enumlabel WHERE false"),
        Make(-116, "pg_inherits", "SELECT 0::bigint AS inhrelid, 0::bigint AS inhparent, 0 AS inhseqno WHERE false"),
    ];

    private static string Action(string column) =>
        $"CASE {column} WHEN 'NO ACTION' THEN 'a' WHEN 'RESTRICT' THEN 'r' WHEN 'CASCADE' THEN 'c' WHEN 'SET NULL' THEN 'n' WHEN 'SET DEFAULT' THEN 'd' ELSE ' ' END";

    private static View Make(long id, string name, string sql) => new() { Id = id, Schema = Schema, Name = name, Sql = sql };
}

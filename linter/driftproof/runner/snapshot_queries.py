"""The questions to PostgreSQL's catalogs. Each answers with an object's key, then its attributes as text.

An attribute that is null is not there. Only ``pg_catalog`` is in the search path.
"""

from collections.abc import Iterator

_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'driftproof')"
_NAME = "format('%I.%I', n.nspname, c.relname)"
_RELATION_ACL = '(CASE WHEN c.relkind = $$S$$ THEN $$s$$ ELSE $$r$$ END)::"char"'
_FIRST_OF_USERS = 16384  # FirstNormalObjectId: whatever initdb made has a lower number


def _own(catalog: str, alias: str) -> str:
    """The object does not belong to an extension."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{catalog}'::regclass AND e.objid = {alias}.oid"
        " AND e.deptype = 'e')"
    )


def _kind(alias: str) -> str:
    kinds = {
        "r": "table",
        "p": "table",
        "v": "view",
        "m": "materialized view",
        "S": "sequence",
        "f": "foreign table",
        "c": "composite type",
    }
    return f"CASE {alias}.relkind " + " ".join(f"WHEN '{kind}' THEN '{word}'" for kind, word in kinds.items()) + " END"


def _acl(acl: str, kind: str, owner: str) -> str:
    """Who may do what; privileges that were never changed are the same as the default ones spelled out."""
    granted = f"unnest(coalesce({acl}, acldefault({kind}, {owner})))"
    return f"(SELECT string_agg(a::text, ', ' ORDER BY a::text) FROM {granted} a)"


def queries(version: int) -> Iterator[str]:
    """The questions, for a server of that version (180006 for 18.6)."""
    yield f"""
        SELECT format('schema %I', n.nspname), pg_get_userbyid(n.nspowner) AS owner,
               {_acl("n.nspacl", "'n'", "n.nspowner")} AS privileges
        FROM pg_namespace n WHERE {_SCHEMA} AND {_own("pg_namespace", "n")}"""
    yield f"""
        SELECT {_kind("c")} || ' ' || {_NAME}, pg_get_userbyid(c.relowner) AS owner,
               CASE c.relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary' END AS persistence,
               array_to_string(c.reloptions, ', ') AS options,
               CASE WHEN c.relrowsecurity THEN 'on' END AS "row security",
               CASE WHEN c.relforcerowsecurity THEN 'on' END AS "forced row security",
               CASE WHEN c.relkind IN ('r', 'p') THEN nullif(c.relreplident, 'd')::text END AS "replica identity",
               CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS "partition key",
               pg_get_expr(c.relpartbound, c.oid) AS "partition bound",
               (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_inherits i
                WHERE i.inhrelid = c.oid) AS inherits,
               nullif(c.reloftype, 0)::regtype::text AS "of type",
               CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
               {_acl("c.relacl", _RELATION_ACL, "c.relowner")} AS privileges,
               (SELECT string_agg(quote_ident(a.attname), E'\\n' ORDER BY a.attnum) FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S') AS columns
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND {_SCHEMA} AND {_own("pg_class", "c")}"""
    yield f"""
        SELECT format('column %s.%I', {_NAME}, a.attname), {_kind("c")} || ' ' || {_NAME} AS of,
               format_type(a.atttypid, a.atttypmod) AS type,
               CASE WHEN a.attnotnull THEN 'true' END AS "not null",
               CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS "default",
               nullif(a.attgenerated, '')::text || ' ' || pg_get_expr(d.adbin, d.adrelid) AS generated,
               nullif(a.attidentity, '')::text AS identity,
               CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
               CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage,
               array_to_string(a.attoptions, ', ') AS options,
               (SELECT string_agg(p::text, ', ' ORDER BY p::text) FROM unnest(a.attacl) p) AS privileges
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
          AND {_SCHEMA} AND {_own("pg_class", "c")}"""
    yield f"""
        SELECT format('sequence %s', {_NAME}), format_type(s.seqtypid, NULL) AS type,
               format('start %s, by %s, from %s to %s, cache %s%s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
                      s.seqcache, CASE WHEN s.seqcycle THEN ', cycle' END) AS counts,
               (SELECT format('%s.%I', d.refobjid::regclass, a.attname) FROM pg_depend d
                JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                  AND d.refclassid = 'pg_class'::regclass) AS "owned by"
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_SCHEMA} AND {_own("pg_class", "c")}"""
    # Columns say NOT NULL themselves; that it is a constraint since PostgreSQL 18 makes no difference.
    yield f"""
        SELECT format('constraint %I on %s', o.conname,
                      CASE WHEN c.oid IS NULL THEN o.contypid::regtype::text ELSE {_NAME} END),
               CASE WHEN c.oid IS NULL THEN 'type ' || o.contypid::regtype::text ELSE {_kind("c")} || ' ' || {_NAME} END
               AS of,
               pg_get_constraintdef(o.oid) AS definition
        FROM pg_constraint o LEFT JOIN pg_class c ON c.oid = o.conrelid JOIN pg_namespace n ON n.oid = o.connamespace
        WHERE o.contype NOT IN ('n', 't') AND {_SCHEMA} AND {_own("pg_constraint", "o")}
          AND (c.oid IS NULL OR {_own("pg_class", "c")})"""
    yield f"""
        SELECT format('index %I.%I', n.nspname, i.relname), {_kind("c")} || ' ' || {_NAME} AS of,
               pg_get_indexdef(i.oid) AS definition, CASE WHEN NOT x.indisvalid THEN 'true' END AS invalid
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_SCHEMA} AND {_own("pg_class", "c")} AND c.relkind <> 't'
          AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.oid AND o.contype IN ('p', 'u', 'x')
                          AND o.conrelid = c.oid)"""
    yield f"""
        SELECT format('policy %I on %s', p.polname, {_NAME}), {_kind("c")} || ' ' || {_NAME} AS of,
               CASE p.polcmd WHEN '*' THEN 'all' WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
                             ELSE 'delete' END AS command,
               CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END AS mode,
               (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END, ', ' ORDER BY r)
                FROM unnest(p.polroles) r) AS roles,
               pg_get_expr(p.polqual, p.polrelid) AS "using", pg_get_expr(p.polwithcheck, p.polrelid) AS "with check"
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_SCHEMA}"""
    yield f"""
        SELECT format('trigger %I on %s', t.tgname, {_NAME}), {_kind("c")} || ' ' || {_NAME} AS of,
               pg_get_triggerdef(t.oid) AS definition, nullif(t.tgenabled, 'O')::text AS enabled
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND {_SCHEMA} AND {_own("pg_trigger", "t")}"""
    yield f"""
        SELECT format('rule %I on %s', r.rulename, {_NAME}), {_kind("c")} || ' ' || {_NAME} AS of,
               pg_get_ruledef(r.oid) AS definition, nullif(r.ev_enabled, 'O')::text AS enabled
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE r.rulename <> '_RETURN' AND {_SCHEMA} AND {_own("pg_rewrite", "r")}"""
    # Row types, arrays and multiranges come with what they belong to.
    yield f"""
        SELECT format('type %I.%I', n.nspname, t.typname), pg_get_userbyid(t.typowner) AS owner,
               CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'base' END AS kind,
               (SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder) FROM pg_enum l
                WHERE l.enumtypid = t.oid) AS labels,
               CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS "based on",
               CASE WHEN t.typtype = 'd' AND t.typnotnull THEN 'true' END AS "not null",
               CASE t.typtype WHEN 'd' THEN t.typdefault END AS "default",
               (SELECT r.rngsubtype::regtype::text FROM pg_range r WHERE r.rngtypid = t.oid) AS "range of",
               {_acl("t.typacl", "'T'", "t.typowner")} AS privileges
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typtype IN ('b', 'd', 'e', 'r') AND t.typrelid = 0 AND {_SCHEMA} AND {_own("pg_type", "t")}
          AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = t.oid)"""
    body = "coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)" if version >= 140000 else "p.prosrc"
    yield f"""
        SELECT format('%s %I.%I(%s)',
                      CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END,
                      n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
               pg_get_userbyid(p.proowner) AS owner, pg_get_function_arguments(p.oid) AS arguments,
               pg_get_function_result(p.oid) AS result, l.lanname::text AS language,
               concat_ws(' ', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' END,
                         CASE WHEN p.proisstrict THEN 'strict' END, CASE WHEN p.prosecdef THEN 'security definer' END,
                         CASE WHEN p.proleakproof THEN 'leakproof' END, CASE WHEN p.prokind = 'w' THEN 'window' END,
                         'parallel ' || p.proparallel::text, 'cost ' || p.procost, 'rows ' || p.prorows) AS behaviour,
               array_to_string(p.proconfig, ', ') AS settings, md5({body} || coalesce(p.probin, '')) AS body,
               (SELECT concat_ws(' ', a.aggtransfn, a.aggfinalfn, a.aggtranstype::regtype, a.agginitval, a.aggsortop)
                FROM pg_aggregate a WHERE a.aggfnoid = p.oid) AS aggregates,
               {_acl("p.proacl", "'f'", "p.proowner")} AS privileges
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
        WHERE {_SCHEMA} AND {_own("pg_proc", "p")}
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                          AND d.deptype = 'i')"""
    yield f"""
        SELECT format('extension %I', x.extname), n.nspname::text AS schema, x.extversion AS version
        FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.oid >= {_FIRST_OF_USERS}"""
    schemas = (
        ", (SELECT string_agg(s.pnnspid::regnamespace::text, ', ' ORDER BY s.pnnspid::regnamespace::text)"
        " FROM pg_publication_namespace s WHERE s.pnpubid = p.oid) AS schemas"
        if version >= 150000
        else ""
    )
    yield f"""
        SELECT format('publication %I', p.pubname), pg_get_userbyid(p.pubowner) AS owner,
               concat_ws(' ', CASE WHEN p.puballtables THEN 'all tables' END, CASE WHEN p.pubinsert THEN 'insert' END,
                         CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
                         CASE WHEN p.pubtruncate THEN 'truncate' END) AS publishes,
               (SELECT string_agg(r.prrelid::regclass::text, ', ' ORDER BY r.prrelid::regclass::text)
                FROM pg_publication_rel r WHERE r.prpubid = p.oid) AS tables {schemas}
        FROM pg_publication p"""
    yield f"""
        SELECT format('event trigger %I', t.evtname), t.evtevent::text AS event, t.evtfoid::regproc::text AS function,
               t.evtenabled::text AS enabled, array_to_string(t.evttags, ', ') AS tags
        FROM pg_event_trigger t WHERE {_own("pg_event_trigger", "t")}"""
    yield """
        SELECT format('default privileges of %I%s on %s', pg_get_userbyid(d.defaclrole), ' in ' || n.nspname,
                      CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'routines'
                                           WHEN 'T' THEN 'types' ELSE 'schemas' END),
               (SELECT string_agg(a::text, ', ' ORDER BY a::text) FROM unnest(d.defaclacl) a) AS privileges
        FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace"""
    yield """
        SELECT format('setting %s%s', split_part(c, '=', 1), ' for ' || r.rolname),
               substr(c, strpos(c, '=') + 1) AS value
        FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database()
        LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c"""
    others = " UNION ALL ".join(
        f"SELECT '{catalog}'::regclass AS class, o.oid FROM {catalog} o WHERE {_own(catalog, 'o')}"
        for catalog in (
            *(
                "pg_cast",
                "pg_collation",
                "pg_conversion",
                "pg_foreign_data_wrapper",
                "pg_foreign_server",
                "pg_language",
            ),
            *("pg_opclass", "pg_operator", "pg_opfamily", "pg_statistic_ext", "pg_ts_config", "pg_ts_dict"),
        )
    )
    yield f"""
        SELECT i.type || ' ' || i.identity,
               CASE o.class WHEN 'pg_statistic_ext'::regclass THEN pg_get_statisticsobjdef(o.oid) END AS definition
        FROM ({others}) o, pg_identify_object(o.class, o.oid, 0) i WHERE o.oid >= {_FIRST_OF_USERS}"""
    yield f"""
        SELECT format('comment on %s %s', i.type, i.identity),
               CASE WHEN c.oid IS NOT NULL THEN {_kind("c")} || ' ' || {_NAME} END AS of,
               d.description AS text
        FROM pg_description d
        LEFT JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
        LEFT JOIN pg_namespace n ON n.oid = c.relnamespace,
             pg_identify_object(d.classoid, d.objoid, d.objsubid) i
        WHERE d.objoid >= {_FIRST_OF_USERS} AND i.schema IS DISTINCT FROM 'driftproof'
          AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classoid AND e.objid = d.objoid
                          AND e.deptype = 'e')"""

"""What to call a statement: PostgreSQL's command tags."""

from functools import cache

from driftproof.syntax.parser import Node

_WORDS = {
    "AlterDatabaseRefreshCollStmt": "ALTER DATABASE",
    "AlterDatabaseSetStmt": "ALTER DATABASE",
    "AlterEnumStmt": "ALTER TYPE",
    "AlterEventTrigStmt": "ALTER EVENT TRIGGER",
    "AlterExtensionContentsStmt": "ALTER EXTENSION",
    "AlterFdwStmt": "ALTER FOREIGN DATA WRAPPER",
    "AlterForeignServerStmt": "ALTER SERVER",
    "AlterOpFamilyStmt": "ALTER OPERATOR FAMILY",
    "AlterRoleSetStmt": "ALTER ROLE",
    "AlterSeqStmt": "ALTER SEQUENCE",
    "AlterStatsStmt": "ALTER STATISTICS",
    "AlterTSConfigurationStmt": "ALTER TEXT SEARCH CONFIGURATION",
    "AlterTSDictionaryStmt": "ALTER TEXT SEARCH DICTIONARY",
    "AlterTableMoveAllStmt": "ALTER TABLE",
    "AlterTableSpaceOptionsStmt": "ALTER TABLESPACE",
    "CheckPointStmt": "CHECKPOINT",
    "ClosePortalStmt": "CLOSE CURSOR",
    "CompositeTypeStmt": "CREATE TYPE",
    "ConstraintsSetStmt": "SET CONSTRAINTS",
    "CreateAmStmt": "CREATE ACCESS METHOD",
    "CreateEnumStmt": "CREATE TYPE",
    "CreateEventTrigStmt": "CREATE EVENT TRIGGER",
    "CreateFdwStmt": "CREATE FOREIGN DATA WRAPPER",
    "CreateForeignServerStmt": "CREATE SERVER",
    "CreateOpClassStmt": "CREATE OPERATOR CLASS",
    "CreateOpFamilyStmt": "CREATE OPERATOR FAMILY",
    "CreatePLangStmt": "CREATE LANGUAGE",
    "CreateRangeStmt": "CREATE TYPE",
    "CreateSeqStmt": "CREATE SEQUENCE",
    "CreateStatsStmt": "CREATE STATISTICS",
    "CreateStmt": "CREATE TABLE",
    "CreateTableAsStmt": "CREATE TABLE AS",
    "CreateTableSpaceStmt": "CREATE TABLESPACE",
    "CreateTrigStmt": "CREATE TRIGGER",
    "CreatedbStmt": "CREATE DATABASE",
    "DropTableSpaceStmt": "DROP TABLESPACE",
    "DropdbStmt": "DROP DATABASE",
    "IndexStmt": "CREATE INDEX",
    "RefreshMatViewStmt": "REFRESH MATERIALIZED VIEW",
    "RuleStmt": "CREATE RULE",
    "SecLabelStmt": "SECURITY LABEL",
    "TransactionStmt": "BEGIN, COMMIT or ROLLBACK",
    "VariableSetStmt": "SET",
    "VariableShowStmt": "SHOW",
    "ViewStmt": "CREATE VIEW",
}
# What a kind of object is called where its constant does not say it.
_OBJECTS = {
    "ATTRIBUTE": "TYPE",
    "COLUMN": "TABLE",
    "DOMCONSTRAINT": "DOMAIN",
    "FDW": "FOREIGN DATA WRAPPER",
    "FOREIGN SERVER": "SERVER",
    "MATVIEW": "MATERIALIZED VIEW",
    "OPCLASS": "OPERATOR CLASS",
    "OPFAMILY": "OPERATOR FAMILY",
    "STATISTIC EXT": "STATISTICS",
    "TABCONSTRAINT": "TABLE",
    "TSCONFIGURATION": "TEXT SEARCH CONFIGURATION",
    "TSDICTIONARY": "TEXT SEARCH DICTIONARY",
    "TSPARSER": "TEXT SEARCH PARSER",
    "TSTEMPLATE": "TEXT SEARCH TEMPLATE",
}


def command(tag: str, node: Node) -> str:
    """What to call the statement: PostgreSQL's command tag."""
    match tag:
        case "DropStmt":
            return "DROP " + _object_words(node["removeType"])
        case "RenameStmt":
            return "ALTER " + _object_words(node["renameType"])
        case "AlterTableStmt":
            return "ALTER " + _object_words(node.get("objtype", "OBJECT_TABLE"))
        case "AlterObjectSchemaStmt" | "AlterOwnerStmt":
            return "ALTER " + _object_words(node["objectType"])
        case "DefineStmt":
            return "CREATE " + _object_words(node["kind"])
        case "CreateFunctionStmt":
            return "CREATE PROCEDURE" if node.get("is_procedure") else "CREATE FUNCTION"
        case _:
            return _WORDS.get(tag) or _camel_words(tag)


def _object_words(kind: str) -> str:
    words = kind.removeprefix("OBJECT_").replace("_", " ")
    return _OBJECTS.get(words, words)


@cache
def _camel_words(tag: str) -> str:
    name = tag.removesuffix("Stmt")
    return "".join(f" {letter}" if at and letter.isupper() else letter for at, letter in enumerate(name)).upper()

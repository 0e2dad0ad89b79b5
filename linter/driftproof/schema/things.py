"""What a history has made so far, as syntax trees that later statements change."""

from driftproof.objects import Kind
from driftproof.syntax.printing import Tree, inside, kind_of

Key = tuple[str, str]
"""Schema and name."""


PARTS = {"OBJECT_POLICY": "policy", "OBJECT_TRIGGER": "trigger", "OBJECT_RULE": "rule"}
"""What belongs to a relation, by the parser's word for it."""


OUTSIDE = "outside"
"""The kind of a relation that the history did not make, but puts something on."""


class Thing:
    """Something that a statement makes, with its tree. ``lost`` says why the tree is no longer what the server has,
    ``enabled`` is the parser's word for the command that says when a trigger or a rule is fired, if not as usual."""

    def __init__(self, kind: str, key: Key, tree: Tree) -> None:
        self.kind = kind
        self.key = key
        self.tree = tree
        self.comment: str | None = None
        self.lost: str | None = None
        self.enabled: str | None = None
        self._starred: tuple[Tree, bool] | None = None

    @property
    def starred(self) -> bool:
        """Whether a ``*`` stands in its tree: asked whenever columns come or go, so it is looked for once a tree."""
        if self._starred is None or self._starred[0] is not self.tree:
            self._starred = self.tree, any(kind_of(node) == "A_Star" for node in inside(self.tree))
        return self._starred[1]


class Column:
    """A column: its type and where its values come from, as trees; ``own`` is False for what a parent brings."""

    def __init__(self, name: str, type_: Tree = None) -> None:
        self.name = name
        self.type = type_
        self.collation: Tree = None
        self.default: Tree = None
        self.generated: Tree = None
        self.identity: Tree = None
        self.not_null = False
        self.own = True
        self.comment: str | None = None

    def inherited(self) -> "Column":
        """The column in a child of its table."""
        other = Column(self.name, self.type)
        other.__dict__.update(self.__dict__, own=False, comment=None)
        return other


class Relation(Thing):
    """A relation; ``columns`` is None where they are known by their names only. ``constraints`` are those of tables by
    name, ``parts`` indexes, triggers, policies and rules by kind and name, ``after`` further ALTERs, ``comments`` those
    on columns of which no more is known."""

    def __init__(self, kind: str, key: Key, tree: Tree) -> None:
        super().__init__(kind, key, tree)
        self.columns: dict[str, Column] | None = None
        self.constraints: dict[str, Thing] = {}
        self.parts: dict[tuple[str, str], Thing] = {}
        self.parents: list[Key] = []
        self.partition = False
        self.after: list[Tree] = []
        self.row_security = False
        self.comments: dict[str, str | None] = {}


class Type(Thing):
    """An enum with its labels, a domain, a composite or range type."""

    def __init__(self, kind: str, key: Key, tree: Tree) -> None:
        super().__init__(kind, key, tree)
        self.labels: list[str] = []
        self.constraints: dict[str, Tree] = {}
        self.columns: dict[str, Column] = {}


class Routine(Thing):
    """A function, procedure or aggregate; ``arguments`` are the types of its input arguments."""

    def __init__(self, kind: str, key: Key, tree: Tree, arguments: tuple[str, ...]) -> None:
        super().__init__(kind, key, tree)
        self.arguments = arguments


class Made:
    """All that is there. Names are looked up along ``path``, as it was for the statement at hand."""

    def __init__(self) -> None:
        self.path: tuple[str, ...] = ()
        self.named: dict[tuple[Kind, str], Thing] = {}
        self.relations: dict[Key, Relation] = {}
        self.types: dict[Key, Type] = {}
        self.routines: dict[tuple[Key, tuple[str, ...]], Routine] = {}

    def place(self, schema: str | None, name: str) -> Key:
        """Where an object of this name is made."""
        schemas = (item for item in self.path if item not in ("$user", "pg_catalog"))
        return schema or next(schemas, "public"), name

    def find(self, schema: str | None, name: str) -> Key | None:
        """The relation that a name means; None where it is not one that the history made."""
        return next((key for key in self._along(schema, name) if key in self.relations), None)

    def is_there(self, key: Key) -> bool:
        """Whether the history has made a relation of this name."""
        return key in self.relations and self.relations[key].kind != OUTSIDE

    def outside(self, schema: str | None, name: str) -> "Relation":
        """A relation that a name means; where the history did not make it, a place for what it puts there."""
        key = self.find(schema, name) or self.place(schema, name)
        return self.relations.setdefault(key, Relation(OUTSIDE, key, None))

    def find_type(self, schema: str | None, name: str) -> Key | None:
        """The type that a name means, which may be a table's."""
        keys = self._along(schema, name)
        return next((key for key in keys if key in self.types or key in self.relations), None)

    def find_routine(self, schema: str | None, name: str) -> Key | None:
        """Where the functions are that a name means."""
        there = {key for key, _ in self.routines}
        return next((key for key in self._along(schema, name) if key in there), None)

    def index(self, schema: str | None, name: str) -> "tuple[Relation, Thing] | None":
        """The index that a name means, and its table."""
        for home in (schema,) if schema is not None else self.path:
            for relation in self.relations.values():
                if relation.key[0] == home and ("index", name) in relation.parts:
                    return relation, relation.parts["index", name]
        return None

    def _along(self, schema: str | None, name: str) -> list[Key]:
        return [(schema, name)] if schema is not None else [(item, name) for item in self.path]

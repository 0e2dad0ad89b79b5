"""What each operation needs, with its SQLSTATE, and what it changes: PostgreSQL's rules, one function an operation."""

from driftproof.catalog.effects import control, members, objects, relations
from driftproof.catalog.interpreter import Effect
from driftproof.statements import operations as op

EFFECTS: dict[type, Effect] = {
    op.AddColumn: members.add_column,
    op.AddConstraint: members.add_constraint,
    op.AddLabel: objects.add_label,
    op.Create: objects.create,
    op.CreateIndex: relations.create_index,
    op.CreateMember: members.create_member,
    op.CreateRelation: relations.create_relation,
    op.Drop: objects.drop_object,
    op.DropMember: members.drop_member,
    op.DropRelation: relations.drop_relation,
    op.Forget: control.forget,
    op.If: control.choose,
    op.Move: objects.move_object,
    op.MoveRelation: relations.move_relation,
    op.Need: objects.need_object,
    op.NeedMember: members.need_member,
    op.NeedRelation: relations.need_relation,
    op.Raise: control.raise_error,
    op.Rename: objects.rename_object,
    op.RenameMember: members.rename_member,
    op.RenameRelation: relations.rename_relation,
    op.Repeat: control.repeat,
    op.Return: control.end_block,
    op.Run: control.run_query,
    op.SetSearchPath: control.set_search_path,
    op.Transaction: control.transaction,
    op.Try: control.attempt,
}

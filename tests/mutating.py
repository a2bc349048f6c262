"""The mutants of a module: each has one condition, comparison, set or call of a function replaced."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

_EDGES: Final[Mapping[type, str]] = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@frozen
class Mutant:
    """One place of a module with something else there.

    Attributes:
        function: qualified name and first line of the function around it.
        lines: first and last line of its statement.
        line: where the place begins.
        old: what stands there.
        new: what comes there.
        source: the module with it.
    """

    function: tuple[str, int]
    lines: tuple[int, int]
    line: int
    old: str
    new: str
    source: str

    def __str__(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.line} {self.function[0]}: {new.replace(f'({old})', '…')} for {old}"


def mutants(source: str) -> Iterator[Mutant]:
    """Yield a module's mutants, in the order of its lines; what is outside of functions has none."""
    seen: set[str] = set()
    for function, name in _functions(ast.parse(source), ""):
        first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
        for statement in (inner for part in function.body for inner in ast.walk(part) if isinstance(inner, ast.stmt)):
            end = min([one.lineno - 1 for one in _blocks(statement)] + [statement.end_lineno or statement.lineno])
            for node, new in _changes(statement):
                old = ast.get_source_segment(source, node) or ""
                start = _offset(source, node.lineno, node.col_offset)
                there = new.replace("…", f"({old})")
                changed = source[:start] + there + source[start + len(old) :]
                if changed not in seen:
                    lines = (statement.lineno, max(end, statement.lineno))
                    yield Mutant((name, first), lines=lines, line=node.lineno, old=old, new=there, source=changed)
                seen.add(changed)


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[Function, str]]:
    """The functions of a module and of its classes, each with its qualified name; none that is inside another."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield node, prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")


def _blocks(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements inside a statement."""
    for node in ast.iter_child_nodes(statement):
        if isinstance(node, ast.stmt):
            yield node
        elif isinstance(node, ast.ExceptHandler | ast.match_case):
            yield from node.body


def _changes(statement: ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Each place of a statement with what may come there; "…" stands for what is there."""
    if isinstance(statement, ast.Assert):
        return
    if isinstance(statement, ast.Raise | ast.Continue | ast.Break) or _is_call(statement):
        yield statement, "pass"
    parts: set[ast.expr] = set()
    for node in _own(statement):
        for test in _conditions(node):
            if isinstance(test, ast.BoolOp):
                parts.update(test.values)
            if test not in parts or test is not node:
                yield from _constants(test)
        yield from _less(node)


def _less(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """A comparison with the other edge, and sets with less in them."""
    match node:
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd(), left=left, right=right):
            yield from ((node, ast.unparse(one)) for one in (left, right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _EDGES:
            yield node, f"({ast.unparse(left)} {_EDGES[type(op)]} {ast.unparse(right)})"
        case ast.Compare(comparators=[ast.Set(elts=[_, _, *_] as found) as right]):
            for gone in found:
                yield right, f"{{{', '.join(ast.unparse(one) for one in found if one is not gone)}}}"


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    """What a statement consists of, without the statements in it and without annotations."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop(0)
        yield node
        for name, value in ast.iter_fields(node):
            if name not in {"annotation", "returns"}:
                children = value if isinstance(value, list) else [value]
                pending += [one for one in children if isinstance(one, ast.AST) and not isinstance(one, ast.stmt)]


def _is_call(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await)


def _conditions(node: ast.AST) -> Iterator[ast.expr]:
    """What a node of the syntax tree decides by, or is as a condition."""
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) | ast.match_case(guard=ast.expr() as test):
            yield test
        case ast.comprehension(ifs=ifs):
            yield from ifs
        case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Call(func=ast.Name(id="any" | "all")):
            yield node


def _constants(test: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """A condition as true and as false, and an and/or without each of its parts."""
    if any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(test)):  # what it names is needed later
        return
    for value in (True, False):
        yield test, f"({value} {'or' if value else 'and'} …)"  # it keeps the variables of the function
    if isinstance(test, ast.BoolOp):
        neutral = "(True or …)" if isinstance(test.op, ast.And) else "(False and …)"
        yield from ((part, neutral) for part in test.values if not isinstance(part, ast.Constant))


def _offset(source: str, line: int, column: int) -> int:
    """Where a place of the syntax tree, which counts bytes, is in the text."""
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

"""Value classes: frozen, with slots, compared by value, as `@dataclass(frozen=True, slots=True)` makes them.

`dataclasses` writes and compiles the methods of each class anew. That takes 0.5 ms, and a bump loads a hundred classes:
a third of all the time that it may take. Here all classes share the same few functions.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")
_MISSING: Any = object()
_NOT_FOR_SLOTS = ("__dict__", "__weakref__")


class _Made:
    """A field's default that is made anew for each object."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], _T]) -> _T:
    """Return the default of a field whose every object gets one of its own."""
    return cast("_T", _Made(default_factory))


@overload
def record(cls: type[_T], /) -> type[_T]: ...


@overload
def record(*, frozen: bool = True, order: bool = False, cached: bool = False) -> Callable[[type[_T]], type[_T]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[_T] | None = None, /, *, frozen: bool = True, order: bool = False, cached: bool = False) -> Any:
    """Make a class of values: its annotations are the fields, in order, and nothing else can be set.

    Args:
        cls: the class, where the decorator is used without options.
        frozen: whether a field can be set only once; if not, objects have no hash.
        order: whether objects are ordered, by their fields.
        cached: whether objects can also keep what a `cached_property` returned.
    """
    if cls is None:
        return lambda found: _made(found, frozen=frozen, order=order, cached=cached)
    return _made(cls, frozen=frozen, order=order, cached=cached)


def _made(cls: type[_T], *, frozen: bool, order: bool, cached: bool) -> type[_T]:
    """Return the class again, with slots: they cannot be added to one that is there."""
    content = {key: value for key, value in vars(cls).items() if key not in _NOT_FOR_SLOTS}
    names = tuple(name for name, kind in cls.__annotations__.items() if not str(kind).startswith("ClassVar"))
    defaults = {name: content.pop(name) for name in names if name in content}
    slots = (*names, "__dict__") if cached else names
    content |= {"__slots__": slots, "__match_args__": names, "__repr__": _repr, "__reduce__": _reduce}
    content |= _comparison(names, order=order)
    if frozen:
        content |= {"__setattr__": _refuse, "__delattr__": _refuse}
    else:
        content["__hash__"] = None
    metaclass: Any = type(cls)
    again = metaclass(cls.__name__, cls.__bases__, content)
    again.__init__ = _initializer(again, names, defaults)
    return cast("type[_T]", again)


def _initializer(cls: type, names: Sequence[str], defaults: dict[str, Any]) -> Callable[..., None]:
    setters = [vars(cls)[name].__set__ for name in names]  # of the slots: `__setattr__` refuses
    number = len(names)

    def __init__(self: Any, *args: Any, **named: Any) -> None:  # noqa: N807 - it becomes the class's method
        if len(args) != number or named:
            args = _complete(cls, names, defaults, args, named)
        for put, value in zip(setters, args, strict=True):
            put(self, value)

    return __init__


def _complete(
    cls: type, names: Sequence[str], defaults: dict[str, Any], args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Any, ...]:
    """Return a value for every field, in order, from those given by position, by name and by default.

    Raises:
        TypeError: one is missing, given twice, or unknown.
    """
    if len(args) > len(names):
        raise TypeError(f"{cls.__name__}() takes {len(names)} values, not {len(args)}")
    values = list(args)
    for name in names[len(args) :]:
        value = named.pop(name, _MISSING)
        if value is _MISSING:
            value = defaults.get(name, _MISSING)
            if value is _MISSING:
                raise TypeError(f'{cls.__name__}() needs a value for "{name}"')
            if isinstance(value, _Made):
                value = value.make()
        values.append(value)
    if named:
        problem = "has two values for" if next(iter(named)) in names else "has no field"
        raise TypeError(f'{cls.__name__}() {problem} "{next(iter(named))}"')
    return tuple(values)


def _comparison(names: Sequence[str], *, order: bool) -> dict[str, Any]:
    """Return the methods that compare objects of one class, and their hash."""
    key = _key(names)

    def equal(self: Any, other: object) -> Any:
        return key(self) == key(other) if type(other) is type(self) else NotImplemented

    def less(self: Any, other: object) -> Any:
        return key(self) < key(other) if type(other) is type(self) else NotImplemented

    def at_most(self: Any, other: object) -> Any:
        return key(self) <= key(other) if type(other) is type(self) else NotImplemented

    methods = {"__eq__": equal, "__hash__": lambda self: hash(key(self))}
    return methods | {"__lt__": less, "__le__": at_most} if order else methods


def _key(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what gives an object's values as a tuple."""
    if len(names) > 1:
        return cast("Callable[[Any], tuple[Any, ...]]", attrgetter(*names))
    return lambda self: tuple(getattr(self, name) for name in names)


def _repr(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({fields})"


def _reduce(self: Any) -> tuple[Any, ...]:
    """Tell `copy` and `pickle` how to make the object again."""
    return type(self), tuple(getattr(self, name) for name in self.__match_args__)


def _refuse(self: Any, name: str, *_: object) -> None:
    raise AttributeError(f'"{name}" of a {type(self).__name__} cannot be set')


def replace(value: _T, **changes: Any) -> _T:
    """Return an object like another, with some fields set otherwise."""
    return type(value)(**{**as_dict(value), **changes})


def names(cls: type) -> Sequence[str]:
    """Return the names of a record's fields."""
    found: Sequence[str] = vars(cls)["__match_args__"]
    return found


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object's fields by name, as they are."""
    return {name: getattr(value, name) for name in names(type(value))}

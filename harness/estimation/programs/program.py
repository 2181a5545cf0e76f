"""A program of a recipe on this machine: which executable to run, or why there is none."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from harness.estimation.programs.building import build, find_compiler, made_by_anybody, place_of
from harness.estimation.programs.locks import ProcessLock
from harness.estimation.programs.recipe import Located, Recipe, Unavailable, located

NONE = "none"


class Program:
    """Found or made at the first need, then remembered. ``cache`` None: nothing can be made."""

    def __init__(self, recipe: Recipe, cache: Path | None) -> None:
        self.recipe = recipe
        self.cache = cache
        self._lock = ProcessLock()
        self._executable: Path | None = None
        self._refused: Unavailable | None = None

    def identity(self) -> str:
        """A digest of the sources where the program runs or could be made, :data:`NONE` where not.

        Cheap, and makes nothing. It depends on neither the compiler nor on who made the executable: the
        figures do not. It turns to :data:`NONE` when making the program has failed: what is kept before
        anything is asked goes by :meth:`settled_identity`.
        """
        try:
            found = located(self.recipe)
            if self._executable is not None or shipped_starts(self.recipe, found.shipped):
                return found.digest
            if self._refused is None and self._could_be_made(found):
                return found.digest
        except Unavailable:
            pass
        return NONE

    def settled_identity(self) -> str:
        """The identity that holds for the rest of the process: the program is made for it, if need be."""
        try:
            self.executable()
        except Unavailable:
            return NONE
        return self.identity()

    def executable(self) -> Path:
        """The program, made if need be; :class:`Unavailable` with the reason, or :class:`RunFailed`."""
        with self._lock:
            if self._executable is None:
                if self._refused is not None:
                    raise Unavailable(str(self._refused))
                try:
                    self._executable = self._found_or_made()
                except Unavailable as refused:
                    self._refused = refused
                    raise
            return self._executable

    def data(self) -> Path | None:
        """The folder that the program reads at run time: of the same sources as the program."""
        return located(self.recipe).data

    def _found_or_made(self) -> Path:
        found = located(self.recipe)
        if shipped_starts(self.recipe, found.shipped):
            return found.shipped
        if self.cache is None:
            raise Unavailable(f"there is no cache folder in which {self.recipe.name} could be made")
        compiler = find_compiler()
        if compiler is None:
            made = made_by_anybody(self.recipe, found, self.cache)
            if made is None:
                raise Unavailable(self._without_compiler())
            return made.executable
        place = place_of(self.recipe, found, compiler, self.cache)
        if not (place.executable.is_file() and self.recipe.starts(place.executable)):
            build(self.recipe, found, compiler, place)
        return place.executable

    def _could_be_made(self, found: Located) -> bool:
        if self.cache is None:
            return False
        compiler = find_compiler()
        if compiler is None:
            return made_by_anybody(self.recipe, found, self.cache) is not None
        place = place_of(self.recipe, found, compiler, self.cache)
        return place.executable.is_file() or place.failed() is None

    def _without_compiler(self) -> str:
        return (
            f"the {self.recipe.name} that {self.recipe.package.replace('_', '-')} brings does not start here "
            "and there is no C++ compiler (g++, c++ or clang++) to make it"
        )


@lru_cache(maxsize=8)
def shipped_starts(recipe: Recipe, shipped: Path) -> bool:
    return shipped.is_file() and recipe.starts(shipped)


@lru_cache(maxsize=16)
def program_of(recipe: Recipe, cache: Path | None) -> Program:
    """One for the whole process: what is found out about a program holds for everybody."""
    return Program(recipe, cache)

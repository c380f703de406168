"""Checks XML against as much of XML Schema as junit-4.xsd uses; anything else in a schema is an error, not ignored."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

XS = "{http://www.w3.org/2001/XMLSchema}"


class Schema:
    """The elements of a schema by name."""

    def __init__(self, path: Path) -> None:
        root = ET.parse(path).getroot()
        assert root.tag == f"{XS}schema"
        self.elements = {_only(child, "element").attrib["name"]: child for child in root}

    def violations(self, element: ET.Element) -> list[str]:
        """Return what is wrong with an element and those inside it."""
        rule = self.elements.get(element.tag)
        if rule is None:
            return [f"unknown element {element.tag}"]
        if rule.get("type") == "xs:string":
            return [f"{element.tag} has attributes"] * bool(element.attrib) + [f"{element.tag} has children"] * len(
                element
            )
        (body,) = (_only(child, "complexType") for child in rule)
        sequences = [child for child in body if child.tag == f"{XS}sequence"]
        attributes = [child for child in body if child.tag == f"{XS}attribute"]
        assert len(sequences) <= 1
        assert len(sequences) + len(attributes) == len(body)
        found = _attribute_violations(element, attributes)
        found += _order_violations(element, [_only(child, "element") for sequence in sequences for child in sequence])
        if body.get("mixed") != "true" and any(
            (text or "").strip() for text in (element.text, *(c.tail for c in element))
        ):
            found.append(f"{element.tag} has text")
        return found + [violation for child in element for violation in self.violations(child)]


def _attribute_violations(element: ET.Element, rules: list[ET.Element]) -> list[str]:
    assert {rule.get("type") for rule in rules} <= {"xs:string"}
    known = {rule.attrib["name"]: rule.get("use") for rule in rules}
    found = [f"{element.tag} has the attribute {name}" for name in element.attrib if name not in known]
    missing = [name for name, use in known.items() if use == "required" and name not in element.attrib]
    return found + [f"{element.tag} has no attribute {name}" for name in missing]


def _order_violations(element: ET.Element, rules: list[ET.Element]) -> list[str]:
    children = [child.tag for child in element]
    for rule in rules:
        name, count = rule.attrib["ref"], 0
        while children and children[0] == name:
            children.pop(0)
            count += 1
        most = rule.get("maxOccurs", "1")
        if count < int(rule.get("minOccurs", "1")) or (most != "unbounded" and count > int(most)):
            return [f"{element.tag} has {count} of {name}"]
    return [f"{element.tag} has {children[0]} where it may not be"] if children else []


def _only(element: ET.Element, name: str) -> ET.Element:
    assert element.tag == f"{XS}{name}", f"this does not know {element.tag}"
    return element

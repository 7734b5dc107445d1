"""What each vendor's fields and statuses mean, as data: `extractors/platforms/<p>/meaning.yml`, held to the models."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yml

from extractors.registry import platforms
from extractors.sandbox.halves import platform_halves

ROOT = Path(__file__).resolve().parents[2]
STAGING = ROOT / "dbt_project" / "models" / "staging"
SHOPS = sorted(
    name
    for name, platform in platforms().items()
    if platform.protocol is not None and (STAGING / name / f"stg_{name}__orders.sql").is_file()
)
COMPONENTS = {
    "orders": [
        "shipping_charged", "tax", "order_discount", "platform_subsidy", "buyer_paid_total", "deposit_paid_amount",
    ],
    "order_lines": ["list_amount", "merchant_item_discount", "line_platform_subsidy", "line_tax"],
    "refunds": ["refund_amount", "refund_shipping", "refund_tax"],
}  # fmt: skip
STATES = {
    "orders": {
        "created",
        "deposit_paid",
        "paid",
        "shipped",
        "delivered",
        "completed",
        "closed_unpaid",
        "cancelled",
    },
    "refunds": {"requested", "processing", "success", "closed"},
    "products": {"on_sale", "off_sale"},
}
NOTHING = re.compile(
    r"^(cast\(0 as decimal\(18, 4\)\)|\{\{ null_as\('decimal\(18, 4\)'\) \}\}|case when .* then cast\(0 as decimal\(18, 4\)\) end )"
)


def meaning(name: str) -> dict[str, Any]:
    file = ROOT / "extractors" / "platforms" / name / "meaning.yml"
    assert file.is_file(), f"{file.relative_to(ROOT)} is missing: say what {name}'s fields and statuses mean"
    found: dict[str, Any] = yml.read(file)
    return found


def sql(name: str, model: str) -> str:
    text = (STAGING / name / f"stg_{name}__{model}.sql").read_text(encoding="utf-8")
    return re.sub(r"\{#.*?#\}", "", text, flags=re.S)


def read_by(name: str) -> str:
    """Everything that reads the payloads of this platform."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((STAGING / name).rglob("*.sql")))


def last_definition(text: str, column: str) -> str:
    """The line of the last SELECT that gives a column (its end, where it takes several)."""
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if re.search(rf"(\bas {column}|^{column}),?$", line)]
    assert found, f"no line gives {column}"
    return found[-1]


@pytest.mark.parametrize("name", SHOPS)
def test_every_component_of_an_amount_has_its_fields_or_is_said_to_have_none(name: str) -> None:
    said, everything = meaning(name)["money"], read_by(name)
    assert list(said) == list(COMPONENTS)
    for model, components in COMPONENTS.items():
        assert list(said[model]) == ["unit", *components], f"{name}: {model}"
        text = sql(name, model)
        for component in components:
            fields = said[model][component]
            nothing = bool(NOTHING.match(last_definition(text, component)))
            if fields == "none":
                assert nothing, f"{name}: {model}.{component} is read from something"
                continue
            assert fields and not nothing, f"{name}: {model}.{component} is read from nothing"
            for field in fields:
                assert re.search(rf"\b{re.escape(field)}\b", everything), f"{name}: nothing reads {field}"


@pytest.mark.parametrize("name", SHOPS)
def test_the_unit_of_amounts_is_the_one_the_models_convert(name: str) -> None:
    for model in COMPONENTS:
        unit = meaning(name)["money"][model]["unit"]
        assert unit in ("major", "hundredths")
        assert ("hundredths(" in sql(name, model)) is (unit == "hundredths"), f"{name}: {model}"


@pytest.mark.parametrize("name", SHOPS)
def test_every_status_that_is_translated_is_in_the_table_and_the_other_way_round(name: str) -> None:
    said = meaning(name)["states"]
    for model, allowed in STATES.items():
        file = STAGING / name / f"stg_{name}__{model}.sql"
        if model == "products" and not file.is_file():
            assert model not in said, f"{name} has no products"
            continue
        text = file.read_text(encoding="utf-8")
        translated: dict[str, str] = {}
        for found in re.finditer(r"set \w*states = (\{.*?\})\s*-?%\}", text, re.S):
            translated |= ast.literal_eval(found.group(1))
        # Some vendors tell what is on sale by the shelf or by a yes: there is no word to translate.
        words = said.get(model, {}) if model == "products" else said[model]
        assert words == translated, f"{name}: {model}"
        # Some words stand for two states, which other fields of the record tell apart.
        refined = meaning(name).get("refined", {}).get(model, {})
        assert set(words.values()) - allowed == set(refined)
        assert all(states and set(states) <= allowed for states in refined.values())
        assert translated or model != "orders", f"{name} translates no status of orders"


@pytest.mark.parametrize("name", SHOPS)
def test_the_readme_of_a_shop_names_every_status_of_the_table(name: str) -> None:
    text = (
        (ROOT / "extractors" / "platforms" / name / "README.md").read_text(encoding="utf-8").replace("−", "-")
    )
    for model, words in meaning(name)["states"].items():
        absent = [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)]
        assert absent == [], f"{name}: {model}"


DOCUMENTED = {
    (name, model): set(words)
    for name, half in platform_halves().items()
    for model, words in getattr(half, "DOCUMENTED", {}).items()
}


@pytest.mark.parametrize(("name", "model"), list(DOCUMENTED))
def test_every_status_of_the_vendors_document_is_in_the_table(name: str, model: str) -> None:
    assert set(meaning(name)["states"][model]) == DOCUMENTED[name, model]


def test_the_tables_are_looked_at() -> None:
    assert len(SHOPS) >= 18 and {("taobao", "orders"), ("taobao", "refunds"), ("shopify", "orders")} <= set(
        DOCUMENTED
    )


def test_every_fee_that_tiktok_shop_documents_is_in_a_sum_or_named_as_left_out() -> None:
    half, said = platform_halves()["tiktok_shop"], meaning("tiktok_shop")["fees"]
    of_orders, of_affiliates = set(said["lines of class fee"]), set(said["affiliate_commission"])
    left_out = set(said["left out"])
    assert of_orders | (left_out - half.SETTLED_FEES) == half.ORDER_FEES
    # What else is taken from a settlement is TikTok's own, by the total: what affiliates have and ads are told apart.
    named = {fee for fee in half.SETTLED_FEES if re.search("affiliate|creator|tap_|_ad_fee", fee)}
    assert named == of_affiliates | (left_out - half.ORDER_FEES) and not of_affiliates & left_out
    everything = read_by("tiktok_shop") + (ROOT / "dbt_project" / "macros" / "platforms.sql").read_text(
        encoding="utf-8"
    )
    unread = {fee for fee in of_orders | of_affiliates if not re.search(rf"'{fee}'", everything)}
    assert not unread

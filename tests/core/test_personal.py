import orjson
import pytest

from extractors.personal import Personal, Scrubber, buyer_hash

KEY = b"k" * 32


def test_personal_fields_are_dropped_at_any_depth_and_new_ones_too() -> None:
    record = {
        "id": 1,
        "buyer_nick": "CANARY",
        "receiver_phone_2": "CANARY",
        "receiver_state": "浙江省",
        "lines": [{"sku": "a", "gift": {"recipient_email": "CANARY"}}],
    }
    scrubbed = Scrubber(Personal(keep=("receiver_state",)), "taobao", KEY).scrub(record)
    assert b"CANARY" not in orjson.dumps(scrubbed)
    assert scrubbed == {"id": 1, "receiver_state": "浙江省", "lines": [{"sku": "a", "gift": {}}]}


def test_of_a_list_that_anybody_writes_into_only_known_keys_stay() -> None:
    meta = [
        {"key": "_mode", "value": "test"},
        {"key": "_payer_email", "value": "CANARY"},
        "CANARY",
        {"value": "CANARY"},
    ]
    scrubber = Scrubber(Personal(pairs=(("meta", ("_mode", "pa_*")),)), "woocommerce", KEY)
    record = {
        "meta": meta,
        "lines": [{"meta": [{"key": "For", "value": "CANARY"}, {"key": "pa_size", "value": "M"}]}],
    }
    assert scrubber.scrub(record) == {
        "meta": [{"key": "_mode", "value": "test"}],
        "lines": [{"meta": [{"key": "pa_size", "value": "M"}]}],
    }
    assert scrubber.scrub({"meta": None, "id": 1}) == {"meta": [], "id": 1}


def test_the_first_identity_present_becomes_the_buyer_key() -> None:
    scrubber = Scrubber(
        Personal(buyer=("billing.email", "customer_id"), drop=("billing",)), "woocommerce", KEY
    )
    first = scrubber.scrub({"billing": {"email": "Ann@Example.com "}, "customer_id": 7})
    second = scrubber.scrub({"billing": {"email": "ann@example.com"}, "customer_id": 0})
    assert first["buyer_key"] == second["buyer_key"] and len(first["buyer_key"]) == 32
    assert "billing" not in first


def test_a_guest_without_identity_has_no_buyer_key() -> None:
    scrubber = Scrubber(Personal(buyer=("customer_id",)), "woocommerce", KEY)
    assert scrubber.scrub({"customer_id": 0})["buyer_key"] is None


@pytest.mark.parametrize("other", [(b"x" * 32, "taobao"), (KEY, "jd")])
def test_a_buyer_key_tells_nothing_without_its_key_and_platform(other: tuple[bytes, str]) -> None:
    assert buyer_hash(KEY, "taobao")("AAH1") != buyer_hash(*other)("AAH1")

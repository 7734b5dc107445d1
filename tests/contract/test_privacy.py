"""What a vendor sends and must not stay: personal data, secrets. And what must stay to the digit: numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from contract_bench import BUSY_DAY, STREAMS, Bench, a_few_records

from extractors.core.decode import dumps, loads
from extractors.errors import ExtractErrors
from extractors.personal import Scrubber
from extractors.registry import platforms

Make = Callable[..., Bench]
CANARY = "PIICANARY"
PLANTED = {
    "buyer_name": f"Ann {CANARY}01",
    "receiver_phone_2": f"+1-555-{CANARY}02",
    "contactEmail": f"ann.{CANARY}03@mail.example",
    "extra": {"full_name": f"{CANARY}04", "delivery_address": [f"5 {CANARY}05 Street"], "ip_address": CANARY},
}
NUMBERS = (
    "9007199254740993",
    "123456789012345678901234567890",
    "12345678901234567.89",
    "-9223372036854775809",
)
WIDE = {f"wide_{place}": orjson.Fragment(text) for place, text in enumerate(NUMBERS)}


def planted(body: bytes) -> bytes:
    """The answer with personal data and wide numbers in every object that stands in a list of it."""
    try:
        data = loads(body, "an answer")
    except Exception:
        return body  # no JSON: what such a vendor sends is planted by its sandbox half alone
    _plant(data, within=False)
    return dumps(data)


def _plant(node: Any, *, within: bool) -> None:
    if isinstance(node, list):
        for item in node:
            _plant(item, within=True)
    elif isinstance(node, dict):
        for value in list(node.values()):
            _plant(value, within=within)
        if within:
            node |= {**PLANTED, **WIDE}


@dataclass
class Written:
    """What a run over planted answers left behind."""

    answers: bytes
    text: str
    secrets: list[str]
    rows: list[bytes]
    is_json: bool


_known: dict[tuple[str, str], Written] = {}


def over_planted_answers(platform: str, stream: str, bench: Make) -> Written:
    key = (platform, stream)
    if key not in _known:
        on = bench(platform, stream)
        on.wire.change = planted
        on.run(a_few_records(on, BUSY_DAY))
        answers = b"\n".join(on.wire.bodies)
        is_json = all(body.lstrip()[:1] in (b"{", b"[") for body in on.wire.bodies)  # a file may end the job
        _known[key] = Written(answers, on.everything_written(), on.secrets(), on.rows(), is_json)
    return _known[key]


@pytest.mark.parametrize(("platform", "stream"), STREAMS)
def test_personal_data_in_an_answer_does_not_reach_landing(platform: str, stream: str, bench: Make) -> None:
    found = over_planted_answers(platform, stream, bench)
    assert CANARY.encode() in found.answers or not found.is_json, "nothing personal was sent"
    assert found.rows
    assert CANARY not in found.text, re.findall(rf".{{60}}{CANARY}.{{20}}", found.text)[:3]


@pytest.mark.parametrize("platform", ["alibaba_1688", "beibei", "suning"])
def test_of_an_address_only_the_province_lands(platform: str, bench: Make) -> None:
    on = bench(platform, "orders")
    on.run(a_few_records(on, BUSY_DAY))
    place = re.compile(r'"[\u4e00-\u9fff]+(?:市|(?<!自治)区)"')  # a city or a district
    assert place.search(b"\n".join(on.wire.bodies).decode()), "no place was sent"
    rows = b"\n".join(on.rows()).decode()
    assert rows and not place.search(rows)


def test_a_buyer_of_1688_lands_under_no_id_of_the_vendors(bench: Make) -> None:
    on = bench("alibaba_1688", "orders")
    on.run(a_few_records(on, BUSY_DAY))
    assert b'"buyerUserId"' in b"\n".join(on.wire.bodies)
    rows = [orjson.loads(row)["payload"] for row in on.rows()]
    assert rows and any(row["buyer_key"] for row in rows)
    assert not any("buyer" in name.lower() for row in rows for name in row["baseInfo"])


@pytest.mark.parametrize(("platform", "stream"), STREAMS)
def test_a_record_kept_as_evidence_holds_no_personal_data(platform: str, stream: str, bench: Make) -> None:
    on = bench(platform, stream)
    window = a_few_records(on, BUSY_DAY)
    on.stream = replace(on.stream, key=("a_key_that_no_record_has",))
    on.wire.change = planted
    with pytest.raises(ExtractErrors) as caught:
        on.run(window)
    evidence = list((on.folder / "landing" / "_evidence").rglob("*.json"))
    assert any(str(kept) in str(caught.value) for kept in evidence)
    said = f"{on.everything_written()}\n{caught.value}\n{caught.value!r}"
    assert CANARY not in said, re.findall(rf".{{60}}{CANARY}.{{20}}", said)[:3]
    for secret in on.secrets():
        assert secret not in said


@pytest.mark.parametrize(("platform", "stream"), STREAMS)
def test_no_credential_reaches_landing_or_the_log(platform: str, stream: str, bench: Make) -> None:
    found = over_planted_answers(platform, stream, bench)
    assert found.secrets
    for secret in found.secrets:
        assert secret not in found.text


@pytest.mark.parametrize(("platform", "stream"), STREAMS)
def test_numbers_land_digit_for_digit(platform: str, stream: str, bench: Make) -> None:
    found = over_planted_answers(platform, stream, bench)
    text = b"\n".join(found.rows).decode()
    # What comes as CSV or XML is text already; what comes as JSON could be planted.
    for place, number in enumerate(NUMBERS if found.is_json else ()):
        assert re.search(rf'"wide_{place}":{re.escape(number)}[,}}]', text), f"{number} did not survive"


def test_the_sandbox_itself_plants_personal_data(bench: Make) -> None:
    on = bench("woocommerce", "orders")
    on.run(a_few_records(on, BUSY_DAY))
    assert CANARY.encode() in b"\n".join(on.wire.bodies)
    assert CANARY not in on.everything_written()


PROVINCE = {"name": "浙江省", "id": "33"}
OF_A_BUYER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "amazon": (
        {
            "buyer": {"buyerEmail": "x@marketplace.amazon.com.br", "buyerPurchaseOrderNumber": "PO-1"},
            "recipient": {
                "deliveryAddress": {
                    "name": "Ana", "addressLine1": "Rua das Flores, 123", "city": "São Paulo", "stateOrRegion": "SP",
                    "countryCode": "BR", "extendedFields": {"streetName": "Rua das Flores", "streetNumber": "123"},
                },
            },
            "tax": {
                "taxRegistrations": [
                    {"entityType": "BUYER", "legalName": "Ana", "taxRegistrationType": "CPF", "taxRegistrationNumber": "1"},
                ],
                "taxInvoicing": {"invoiceStatus": "PROCESSING"},
            },
            "payment": {"paymentExecutions": [{"paymentMethod": "Pix", "authorizationCode": "123456"}]},
        },
        {
            "recipient": {"deliveryAddress": {"stateOrRegion": "SP", "countryCode": "BR"}},
            "tax": {"taxInvoicing": {"invoiceStatus": "PROCESSING"}},
            "payment": {"paymentExecutions": [{"paymentMethod": "Pix"}]},
        },
    ),
    "taobao": (
        {"buyer_open_uid": "AAH1", "receiver_state": "浙江省", "receiver_city": "杭州市"},
        {"receiver_state": "浙江省"},
    ),
    "beibei": (
        {
            "nick": "li4", "province": "浙江省", "city": "杭州市", "receiver_name": "李四", "out_sid": "YT1", "company": "yunda",
            "seller_remark": "已联系 199", "remark": "请联系 199", "user": "li4", "member_card": {"no": "3301"},
            "member_card_imgs": "https://example.invalid/a.jpg",
        },
        {"province": "浙江省", "company": "yunda"},
    ),
    "youzan": (
        {
            "full_order_info": {
                "buyer_info": {"yz_open_id": "o1", "fans_nickname": "李四"},
                "address_info": {
                    "delivery_province": "四川省", "delivery_city": "成都市", "address_extra": '{"lon":103.98,"lat":30.67}',
                },
                "delivery_order": [{"express_type": 1, "dists": [{"express_info": {"express_id": 1, "express_no": "YT1"}}]}],
            },
        },
        {
            "full_order_info": {
                "address_info": {"delivery_province": "四川省"},
                "delivery_order": [{"express_type": 1, "dists": [{"express_info": {"express_id": 1}}]}],
            },
        },
    ),
    "kaola": (
        {
            "buyer_account": "a@example.invalid", "receiver_province_name": "浙江省", "receiver_post_code": "310000",
            "cert_name": "李四", "cert_id_no": "3301", "trade_no": "T1", "invoice_title": "李四",
            "taxpayer_no": "3301", "order_expresses": [{"express_company_code": "yunda", "express_no": "YT1"}],
        },
        {"receiver_province_name": "浙江省", "order_expresses": [{"express_company_code": "yunda"}]},
    ),
    "magento": (
        {
            "customer_email": "a@example.invalid", "customer_taxvat": "1", "remote_ip": "127.0.0.1",
            "payment": {"method": "paypal", "additional_information": ["Ann"], "cc_last4": "1", "echeck_account_name": "Ann"},
            "extension_attributes": {
                "shipping_assignments": [
                    {"shipping": {"address": {"country_id": "US", "region": "WA", "city": "Seattle", "street": ["1 Main"]}}},
                ],
                "payment_additional_info": [{"key": "paypal_payer_email", "value": "a@example.invalid"}],
                "company_order_attributes": {"company_id": 1, "company_name": "Ann & Co"},
            },
        },
        {
            "payment": {"method": "paypal"},
            "extension_attributes": {
                "shipping_assignments": [{"shipping": {"address": {"country_id": "US", "region": "WA"}}}],
                "company_order_attributes": {"company_id": 1},
            },
        },
    ),
    "xiaohongshu": (
        {
            "userId": "u1", "xhsOpenId": "o1", "receiverProvinceName": "浙江省", "receiverCityId": "1", "openAddressId": "a",
            "expressTrackingNo": "SF1", "boundExtendInfo": {"payNo": "1", "payAmount": 5, "zoneCodes": ["330106"]},
            "transferExtendInfo": {"internationalExpressNo": "1", "paintMarker": "杭州", "threeSegmentCode": "571-1"},
            "simpleDeliveryOrderList": [{"status": 1, "expressTrackingNo": "SF1"}],
            "skuList": [{"skuId": "65a", "skuIdentifyCodeInfo": {"sNCode": "SN1", "iMEI1Code": "86"}}],
        },
        {
            "receiverProvinceName": "浙江省", "boundExtendInfo": {"payAmount": 5}, "transferExtendInfo": {},
            "simpleDeliveryOrderList": [{"status": 1}], "skuList": [{"skuId": "65a"}],
        },
    ),
    "alibaba_1688": (
        {
            "baseInfo": {"idOfStr": "1", "buyerID": "b2b-1", "buyerLoginId": "li4"},
            "nativeLogistics": {
                "province": "广东省", "city": "东莞市", "address": "东风路182号", "contactPerson": "钱四", "zip": "523646",
                "logisticsItems": [{"logisticsBillNo": "754", "logisticsCode": "LP1", "noLogisticsBillNo": "2", "toPost": "5"}],
            },
        },
        {"baseInfo": {"idOfStr": "1"}, "nativeLogistics": {"province": "广东省", "logisticsItems": [{}]}},
    ),
    "suning": (
        {
            "userName": "u1", "provinceName": "浙江省", "provinceCode": "90", "cityCode": "571", "districtCode": "57101",
            "deliveryArea": "0200499", "zipCode": "310000", "mobNum": "199", "customerName": "李四",
            "orderDetail": [
                {
                    "productName": "灯", "payerCustomerName": "李四", "payerIdNumber": "3301", "receivezipCode": "310000",
                    "expressno": "SF1", "phoneIdentifyCode": "1", "refVerifyCode": "2",
                    "paymentList": [{"paycode": "1", "alipayPayNo": "2026"}],
                    "popContractInfo": {"name": "李四", "cardNum": "3301", "installName": "李四", "facePhoto": "x"},
                },
            ],
        },
        {
            "provinceName": "浙江省", "provinceCode": "90",
            "orderDetail": [{"productName": "灯", "paymentList": [{"paycode": "1"}], "popContractInfo": {}}],
        },
    ),
    "tiktok_shop": (
        {
            "user_id": "7", "buyer_avatar": "https://example.invalid/a.jpg", "buyer_nickname": "Ann",
            "cpf": "1", "cpf_name": "Ann", "payment_auth_code": "E2E", "consultation_id": "C1",
            "recipient_address": {
                "region_code": "GB", "post_town": "LEEDS", "first_name_local_script": "アン", "name": "Ann",
                "delivery_preferences": {"drop_off_location": "behind the shed of no. 5"},
            },
        },
        {"recipient_address": {"region_code": "GB"}},
    ),
    "kuaishou_shop": (
        {
            "orderBaseInfo": {"buyerOpenId": "o1", "buyerNick": "小李", "buyerImage": "https://example.invalid/a.jpg"},
            "orderAddress": {"province": "浙江省", "city": "杭州市", "townCode": 1, "encryptedMobile": "x"},
            "rechargeAccount": "139",
            "coordinateInfo": {"longitude": "120.1", "latitude": "30.2"},
            "orderLogisticsInfo": [{"logisticsId": 1, "expressNo": "SF1", "expressCode": 4}],
            "orderDeliveryInfo": {"deliveryStatus": 1, "serialNumberInfo": {"imeiList": ["86"], "serialNumberList": ["SN1"]}},
            "orderItemInfo": {"skuNick": "LAMP-RED"},
        },
        {
            "orderBaseInfo": {},
            "orderAddress": {"province": "浙江省"},
            "orderLogisticsInfo": [{"logisticsId": 1}],
            "orderDeliveryInfo": {"deliveryStatus": 1},
            "orderItemInfo": {"skuNick": "LAMP-RED"},
        },
    ),
    "jd": (
        {
            "open_id_buyer": "o_1",
            "pin": "p",
            "waybill": "JDV1",
            "consigneeInfo": {
                "province": "浙江", "provinceId": "15", "city": "杭州市", "cityId": "1213", "county": "西湖区",
                "countyId": "3038", "town": "翠苑街道", "townId": "59931",
            },
        },
        {"consigneeInfo": {"province": "浙江", "provinceId": "15"}},
    ),
    "pinduoduo": (
        {
            "open_id_buyer": "o_1", "tracking_number": "YT1", "province": "浙江省", "province_id": 31, "city": "杭州市", "city_id": 383,
            "town": "西湖区", "town_id": 3230, "country": "中国", "card_info_list": [{"card_no": "1", "mask_password": "2"}],
        },
        {"province": "浙江省", "province_id": 31, "country": "中国"},
    ),
    "doudian": (
        {
            "doudian_open_id": "#1",
            "logistics_info": [{"company": "yuantong", "tracking_no": "YT1"}],
            "post_addr": {
                "province": PROVINCE, "city": {"name": "杭州市", "id": "3301"}, "town": {"name": "西湖区", "id": "1"},
                "street": {"name": "翠苑街道", "id": "2"},
            },
        },
        {"post_addr": {"province": PROVINCE}, "logistics_info": [{"company": "yuantong"}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("platform", OF_A_BUYER)
def test_of_a_buyer_only_the_province_and_a_keyed_hash_stay(platform: str) -> None:
    sent, left = OF_A_BUYER[platform]
    personal = platforms()[platform].stream("orders").personal
    found = Scrubber(personal, platform, b"k" * 32).scrub(deepcopy(sent))
    key = found.pop("buyer_key")
    assert re.fullmatch("[0-9a-f]{32}", key) and found == left


OF_AN_AFTER_SALE: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {
    ("jd", "after_sales"): (
        {"sameOrderServiceBill": {"serviceId": 1, "approveName": "李四", "approveNotes": "已联系 199", "applyReason": "质量问题"}},
        {"sameOrderServiceBill": {"serviceId": 1, "applyReason": "质量问题"}},
    ),
    ("suning", "refunds"): (
        {"orderCode": "1", "customer": "li4", "expressNo": "SF1", "returnReason": "七天无理由"},
        {"orderCode": "1", "returnReason": "七天无理由"},
    ),
    ("kaola", "refunds"): (
        {
            "refund_id": "1", "user_name": "李四", "user_account": "li4", "user_comment": "请联系 199", "refund_desc": "灯坏了",
            "express_company_name": "韵达", "express_no": "YT1", "refund_skus": [{"sku_key": "30-0"}],
        },
        {"refund_id": "1", "express_company_name": "韵达", "refund_skus": [{"sku_key": "30-0"}]},
    ),
    ("kuaishou_shop", "refunds"): (
        {
            "refundId": 1, "buyerId": 7, "buyerOpenId": "o1", "refundDesc": "电话 199", "skuNick": "LAMP-RED",
            "sellerDisagreeDesc": "已联系李四", "negotiateReason": "电话 199", "pictures": "https://example.invalid/a.jpg",
            "sellerDisagreeImages": "https://example.invalid/b.jpg", "logisticsInfo": {"expressNo": "SF1", "expressCode": 4},
            "buyerExchangeAddress": {"encryptedMobile": "x"}, "refundReasonDesc": "七天无理由",
            "returnFreightInfo": {"returnFreightAmount": 800, "returnFreightApplyDesc": "电话 199", "returnFreightApplyImages": ["x"]},
        },
        {
            "refundId": 1, "skuNick": "LAMP-RED", "logisticsInfo": {}, "refundReasonDesc": "七天无理由",
            "returnFreightInfo": {"returnFreightAmount": 800},
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize(("platform", "stream"), OF_AN_AFTER_SALE)
def test_of_an_after_sale_nothing_personal_stays(platform: str, stream: str) -> None:
    sent, left = OF_AN_AFTER_SALE[platform, stream]
    personal = platforms()[platform].stream(stream).personal
    assert Scrubber(personal, platform, b"k" * 32).scrub(deepcopy(sent)) == left

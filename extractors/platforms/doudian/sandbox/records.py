"""Orders and after-sales as the vendor's pages show them."""

from __future__ import annotations

from typing import Any

from extractors.sandbox import market
from extractors.sandbox import timeline as tl
from extractors.sandbox.live import scene_of
from extractors.sandbox.merchants import Shop
from extractors.sandbox.orders import Line, Order, OrderState, RefundState


def shop_id(shop: Shop) -> int:
    return 4_463_000 + shop.number


def _order_status(state: OrderState) -> int:
    return {
        tl.CREATED: 1,
        tl.DEPOSIT: 1,
        tl.PAID: 2,
        tl.SHIPPED: 3,
        tl.COMPLETED: 5,
        tl.CANCELLED: 4,
        tl.CLOSED_UNPAID: 4,
        tl.FORFEITED: 4,
    }[state.status]


def _main_status(state: OrderState) -> int:
    if state.status == tl.DEPOSIT:
        return 103
    if state.status == tl.CANCELLED:
        return 21 if state.shipped_at is None else 22
    return _order_status(state)


def _given(order: Order, lines: tuple[Line, ...]) -> dict[str, int]:
    """Discounts of lines by who bears them. The subsidy of an order comes from one of three purses."""
    subsidy = sum(line.subsidy for line in lines)
    purse = order.index % 3
    shop_part = sum(line.item_discount + line.order_discount for line in lines)
    platform, talent, pay = ((subsidy, 0, 0), (0, subsidy, 0), (0, 0, subsidy))[purse]
    return {
        "promotion_amount": shop_part + platform + talent,
        "promotion_shop_amount": shop_part,
        "promotion_platform_amount": platform,
        "promotion_talent_amount": talent,
        "promotion_pay_amount": pay,
        "promotion_redpack_amount": 0,
        "promotion_redpack_platform_amount": 0,
        "promotion_redpack_talent_amount": 0,
        "shop_cost_amount": shop_part,
        "platform_cost_amount": platform + pay,
        "author_cost_amount": talent,
        "only_platform_cost_amount": platform + pay,
        "total_promotion_amount": shop_part + subsidy,
        "modify_amount": sum(line.adjustment for line in lines),
    }


def _scene(order: Order) -> dict[str, Any]:
    """Where the sale came from, in the vendor's fields: a live room, a short video, or neither."""
    scene = scene_of(order)
    advertised = "live" if scene.room else "video" if scene.video else ""
    return {
        "author_id": scene.author,
        "author_name": scene.author_name,
        "room_id": scene.room,
        "room_id_str": str(scene.room),
        "video_id": scene.video,
        "content_id": str(scene.room) if scene.room else "0",
        "theme_type": "1" if scene.room else "2" if scene.video else "0",
        "c_biz": 2,
        "page_id": "0",
        "ad_env_type": advertised if order.index % 2 == 0 else "",
        "source_platform": "aweme",
    }


def order_record(state: OrderState) -> dict[str, Any]:
    order, buyer = state.order, state.order.buyer
    given = _given(order, order.lines)
    listed = sum(line.list_amount for line in order.lines) + given["modify_amount"]
    amount = listed + order.shipping
    paid_any = state.paid_at or state.deposit_at or 0
    out: dict[str, Any] = {
        "order_id": str(order.id),
        "shop_id": shop_id(order.shop),
        "shop_name": order.shop.title,
        "order_level": 2,
        "order_status": _order_status(state),
        "order_status_desc": "",
        "main_status": _main_status(state),
        "main_status_desc": "",
        "create_time": order.timeline.created,
        # The time of the first payment; of a presale the phases tell more.
        "pay_time": (state.deposit_at or paid_any) if order.timeline.flow == "presale" else paid_any,
        "update_time": state.modified,
        "ship_time": state.shipped_at or 0,
        "finish_time": state.completed_at or 0,
        "order_expire_time": 1800,
        "pay_type": 1 + order.index % 2,
        "order_type": 0,
        "trade_type": 0,
        "b_type": 2,
        "order_amount": amount,
        "pay_amount": amount - given["promotion_amount"],
        "post_amount": order.shipping,
        "post_origin_amount": order.shipping,
        "post_promotion_amount": 0,
        "modify_post_amount": 0,
        "tax_amount": 0,
        "seller_remark_stars": _stars(state),
        "order_phase_list": _phases(state) if order.timeline.flow == "presale" else [],
        "logistics_info": [{"company": "yuantong", "tracking_no": f"YT{order.id % 10**12}"}]
        if state.shipped_at
        else [],
        "sku_order_list": [_sku_order(state, line) for line in order.lines],
        **given,
    }
    if buyer is not None:
        out |= {
            "doudian_open_id": f"#{buyer.open_uid}",
            "encrypt_post_tel": f"##{buyer.phone}##",
            "encrypt_post_receiver": f"##{buyer.name}##",
            "mask_post_tel": f"{buyer.phone[:3]}{buyer.name}",
            "mask_post_receiver": buyer.name,
            "buyer_words": f"联系 {buyer.phone}" if order.index % 7 == 0 else "",
            "seller_words": f"已联系 {buyer.nick}" if state.is_edited else "",
            "user_id_info": {"encrypt_id_card_no": buyer.phone, "id_card_name": buyer.name},
            "post_addr": {
                "province": {"name": buyer.state, "id": "33"},
                "city": {"name": buyer.city, "id": "3301"},
                "town": {"name": buyer.district, "id": "330106"},
                "street": {"name": buyer.address, "id": ""},
                "detail": buyer.address,
                "encrypt_detail": f"##{buyer.address}##",
            },
        }
    return out


def _stars(state: OrderState) -> int:
    """The seller's flag: purple marks brushed orders, cyan tests, red is an ordinary memo."""
    return {"brushed": 1, "test": 2}.get(state.exclusion or "", 5 if state.is_edited else 0)


def _phases(state: OrderState) -> list[dict[str, Any]]:
    order = state.order
    opens = order.timeline.created
    parts = ((1, order.deposit, state.deposit_at), (2, order.total - order.deposit, state.paid_at))
    return [
        {
            "phase_order_id": str(order.id + 100 + number),
            "total_phase": 2,
            "current_phase": number,
            "pay_success": at is not None,
            "sku_order_id": str(market.line_id(order, order.lines[0])),
            "campaign_id": 3_214_324_342_342,
            "phase_pay_type": 1,
            "phase_open_time": opens,
            "phase_pay_time": at or 0,
            "phase_close_time": 0,
            "phase_pay_amount": amount,
            "phase_post_amount": order.shipping if number == 2 else 0,
            "phase_promotion_amount": 0,
            "current_phase_status_desc": "已支付" if at is not None else "未支付",
        }
        for number, amount, at in parts
    ]


def _refund_number(found: RefundState) -> int:
    return {tl.ASKED: 1, tl.AGREED: 1, tl.RETURNING: 1, tl.REFUNDED: 3, tl.WITHDRAWN: 4}[found.phase]


def _sku_order(state: OrderState, line: Line) -> dict[str, Any]:
    order = state.order
    given = _given(order, (line,))
    amount = line.list_amount + given["modify_amount"]
    refunds = market.refunds_of(state, line)
    last = refunds[-1] if refunds else None
    return {
        "order_id": str(market.line_id(order, line)),
        "parent_order_id": str(order.id),
        "product_id": market.product_id(line),
        "product_id_str": str(market.product_id(line)),
        "sku_id": market.sku_id(line),
        "out_product_id": line.item.number,
        "out_sku_id": 0,
        "code": f"{line.item.key}-{line.item.skus[line.sku][0]}",
        "product_name": line.item.chinese,
        "first_cid": line.item.category_id,
        "item_num": line.quantity,
        "origin_amount": line.unit_price,
        "sum_amount": line.list_amount,
        "order_amount": amount,
        "pay_amount": amount - given["promotion_amount"],
        "post_amount": 0,
        "tax_amount": 0,
        "goods_type": 0,
        "given_product_type": "",
        "master_sku_order_id": "0",
        "order_status": _order_status(state),
        "create_time": order.timeline.created,
        "after_sale_info": {
            "after_sale_status": 0 if last is None else _aftersale_status(last),
            "after_sale_type": 0 if last is None else _aftersale_type(last),
            "refund_status": 0 if last is None else _refund_number(last),
        },
        **_scene(order),
        **given,
    }


def _aftersale_status(found: RefundState) -> int:
    if found.is_in_dispute:  # the shop had refused
        return 27
    return {tl.ASKED: 6, tl.AGREED: 7, tl.RETURNING: 11, tl.REFUNDED: 12, tl.WITHDRAWN: 28}[found.phase]


def _arbitration(found: RefundState) -> int:
    if not found.is_disputed:
        return 0
    return 1 if found.is_open else 2 if found.phase == tl.REFUNDED else 3


def _aftersale_type(found: RefundState) -> int:
    plan = found.refund.plan
    return 0 if plan.goods_return else 2 if plan.before_shipment else 1


def _asked_for(found: RefundState) -> int:
    """What the buyer applied for; now and then the seller agrees to less."""
    return found.refund.amount + (300 if found.refund.plan.part == tl.PARTIAL else 0)


def aftersale_record(state: OrderState, found: RefundState) -> dict[str, Any]:
    order, refund = state.order, found.refund
    line = market.refunded_line(state, found)
    tel = order.buyer.phone if order.buyer is not None else ""
    return {
        "aftersale_info": {
            "aftersale_id": str(refund.id),
            "aftersale_order_type": 2,
            "aftersale_type": _aftersale_type(found),
            "aftersale_status": _aftersale_status(found),
            "aftersale_refund_type": 0,
            "refund_type": 1,
            "refund_status": _refund_number(found),
            "refund_amount": _asked_for(found),
            "refund_post_amount": refund.shipping,
            "refund_tax_amount": 0,
            "return_promotion_amount": 0,
            "aftersale_num": line.quantity,
            "apply_time": found.created,
            "update_time": found.modified,
            "reason": refund.reason,
            "arbitrate_status": _arbitration(found),
            "return_logistics_code": f"SF{tel}" if refund.plan.goods_return else "",
            "order_logistics": [{"tracking_no": f"SF{tel}"}] if state.shipped_at is not None else [],
            "remark": f"电话 {tel}",
        },
        "order_info": {
            "shop_order_id": str(order.id),
            "related_order_info": [
                {
                    "sku_order_id": str(market.line_id(order, line)),
                    "pay_amount": line.paid,
                    "aftersale_pay_amount": line.paid,
                    "aftersale_post_amount": refund.shipping,
                    "aftersale_tax_amount": 0,
                    "aftersale_item_num": line.quantity,
                    "item_num": line.quantity,
                    "price": line.unit_price,
                    "product_name": line.item.chinese,
                }
            ],
        },
        "text_part": {"reason_text": f"{refund.reason} {tel}"},
    }


def detail_record(state: OrderState, found: RefundState) -> dict[str, Any]:
    tel = state.order.buyer.phone if state.order.buyer is not None else ""
    return {
        "order_info": {"shop_order_id": state.order.id},
        "process_info": {
            "after_sale_info": {
                "after_sale_id": found.refund.id,
                "after_sale_status": _aftersale_status(found),
                "after_sale_type": _aftersale_type(found),
                "refund_status": _refund_number(found),
                "refund_total_amount": _asked_for(found),
                "refund_post_amount": found.refund.shipping,
                "real_refund_amount": found.refund.amount if found.refunded_at is not None else 0,
                "refund_time": found.refunded_at or 0,
                "apply_time": found.created,
                "update_time": found.modified,
                "remark": f"电话 {tel}",
            },
            "logistics_info": {"return": {"receiver_name": tel}},
        },
    }

"""What TOP's pages name: parameters, trade types, statuses, fields (API 128, 46, 54, 52, 53, 18)."""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


SYSTEM = names(
    """
    method app_key session timestamp v format sign_method sign simplify partner_id target_app_key
    """
)

TRADE_TYPES = names(
    """
    fixed auction guarantee_trade step independent_simple_trade independent_shop_trade auto_delivery
    ec cod game_equipment shopex_trade netcn_trade external_trade instant_trade b2c_cod hotel_trade
    super_market_trade super_market_cod_trade taohua waimai o2o_offlinetrade nopaid pre_auth_type
    eticket tmall_i18n insurance_plus finance lazada fenxiao
    """
)

DEFAULT_TRADE_TYPES = names("guarantee_trade auto_delivery ec cod step")

DEFAULT_REFUND_TYPES = names("guarantee_trade auto_delivery")

EXT_TYPES = names("ershou service mark")

TRADE_STATUSES = names(
    """
    TRADE_NO_CREATE_PAY WAIT_BUYER_PAY PAY_PENDING WAIT_PRE_AUTH_CONFIRM SELLER_CONSIGNED_PART
    WAIT_SELLER_SEND_GOODS PAID_FORBID_CONSIGN WAIT_BUYER_CONFIRM_GOODS TRADE_BUYER_SIGNED
    TRADE_FINISHED TRADE_CLOSED TRADE_CLOSED_BY_TAOBAO ALL_WAIT_PAY ALL_CLOSED
    """
)

REFUND_STATUSES = names(
    """
    WAIT_SELLER_AGREE WAIT_BUYER_RETURN_GOODS WAIT_SELLER_CONFIRM_GOODS SELLER_REFUSE_BUYER CLOSED
    SUCCESS WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS EXCHANGE_TRANSFORM_TO_REFUND
    WAIT_SELLER_CONSIGN_GOODS
    """
)

TRADE_FIELDS = names(
    """
    tid tid_str status type title seller_nick buyer_nick buyer_open_uid num num_iid price total_fee
    payment post_fee discount_fee adjust_fee received_payment created pay_time consign_time modified
    end_time step_trade_status step_paid_fee shipping_type receiver_name receiver_state
    receiver_city receiver_district receiver_town receiver_address receiver_zip receiver_mobile
    receiver_phone receiver_country oaid has_buyer_message buyer_message seller_memo seller_flag
    service_orders order_tax_fee platform_subsidy_fee credit_card_fee mark_desc pic_path seller_rate
    buyer_rate coupon_fee alipay_point trade_from orders
    """
)

FULLINFO_FIELDS = TRADE_FIELDS | names("promotion_details logistics_infos invoice_name buyer_email")

ORDER_FIELDS = names(
    """
    oid oid_str num_iid sku_id outer_iid outer_sku_id title sku_properties_name price num total_fee
    discount_fee adjust_fee payment divide_order_fee part_mjz_discount refund_status refund_id
    status end_time consign_time logistics_company invoice_no store_code cid is_daixiao md_fee
    platform_subsidy_fee sub_order_tax_fee pic_path seller_type shipping_type
    """
)

REFUND_FIELDS = names(
    """
    refund_id tid oid status order_status good_status has_good_return refund_fee total_fee payment
    reason desc created modified refund_phase dispute_type refund_version outer_id sku sid
    company_name buyer_nick buyer_open_uid seller_nick title num address shipping_type alipay_no
    attribute
    """
)

REFUND_DETAIL_FIELDS = REFUND_FIELDS | names("end_time num_iid price")

ITEM_FIELDS = names(
    """
    num_iid title nick type cid pic_url num props price list_time delist_time modified
    approve_status outer_id seller_cids has_discount has_invoice has_showcase valid_thru
    sold_quantity postage_id
    """
)

RATE_FIELDS = names(
    """
    tid oid role nick result created rated_nick item_title item_price content reply num_iid
    logistics_service_score valid_score
    """
)

RATE_RESULTS = names("good neutral bad")

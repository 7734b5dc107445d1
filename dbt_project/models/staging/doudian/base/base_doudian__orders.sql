{{ config(materialized='incremental', **replace_rows(['account_id', 'record_key'])) }}

{# The lines keep where they were sold (`author_id`, `room_id_str`, `video_id` …): stg_doudian__order_scenes is built on it. #}
{%- set shape = {
    'order_status': 'text', 'main_status': 'text', 'trade_type': 'text', 'pay_type': 'text',
    'create_time': 'text', 'pay_time': 'text', 'ship_time': 'text', 'finish_time': 'text', 'update_time': 'text',
    'pay_amount': 'text', 'post_amount': 'text', 'tax_amount': 'text', 'promotion_pay_amount': 'text',
    'seller_remark_stars': 'text', 'buyer_key': 'text', 'post_addr': {'province': {'name': 'text'}},
    'order_phase_list': [{
        'current_phase': 'text', 'pay_success': 'text', 'phase_pay_time': 'text', 'phase_pay_amount': 'text'
    }],
    'sku_order_list': [{
        'order_id': 'text', 'product_id_str': 'text', 'product_id': 'text', 'sku_id': 'text', 'product_name': 'text',
        'first_cid': 'text', 'item_num': 'text', 'origin_amount': 'text', 'modify_amount': 'text',
        'promotion_shop_amount': 'text', 'promotion_platform_amount': 'text', 'promotion_talent_amount': 'text',
        'promotion_pay_amount': 'text', 'tax_amount': 'text', 'given_product_type': 'text',
        'author_id': 'text', 'author_name': 'text', 'room_id_str': 'text', 'video_id': 'text', 'content_id': 'text',
        'theme_type': 'text', 'c_biz': 'text', 'page_id': 'text', 'ad_env_type': 'text', 'source_platform': 'text'
    }]
} -%}

{#
  The vendor has no time at which a group formed or an order was closed: both are taken from the first version that shows them. An order of
  a group waits in status 105 until the group forms.
#}
{{ latest_records(source('raw_doudian', 'orders'), shape, over_versions={
    'held_at': ('min', "case when record.order_status = '105' then cursor_at end"),
    'released_at': ('min', "case when record.order_status in ('2', '101', '3', '5') then cursor_at end"),
    'finished_seen_at': ('min', "case when record.order_status = '5' then " ~ epoch_time('record.finish_time') ~ " end"),
    'closed_seen_at': ('min', "case when record.order_status = '4' then cursor_at end"),
}) }}

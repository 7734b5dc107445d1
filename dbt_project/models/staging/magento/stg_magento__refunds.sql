{#- Credit memos: `state` 1 open, 2 refunded, 3 canceled. An adjustment (money given on top, or kept back) counts as goods; gift
  wrapping is in no part. -#}
{%- set states = {'1': 'processing', '2': 'success', '3': 'closed'} -%}

with

{# A memo lists configurable products and bundles with their children, as the order does. Only items without a parent are pieces. #}
ordered as (
    select
        account_id,
        latest.record.items as all_items,
        {{ explode('latest.record.items') }} as item
    from {{ ref('base_magento__orders') }} as latest
),

given as (
    select
        account_id,
        record_key as refund_id,
        {{ explode('latest.record.items') }} as item
    from {{ ref('base_magento__refunds') }} as latest
),

pieces as (
    select
        given.account_id,
        given.refund_id,
        {%- set is_goods = "case when coalesce(ordered.item.product_type, '') <> 'giftcard' then " %}
        count({{ is_goods }}1 end) as item_count,
        sum({{ is_goods }}{{ money('given.item.qty') }} end) as quantity,
        max({{ is_goods }}given.item.order_item_id end) as order_item_id,
        {# After the item's discount, as in the order's line. #}
        sum(case
            when ordered.item.product_type = 'giftcard'
                then {{ money('given.item.base_row_total') }} - coalesce({{ money('given.item.base_discount_amount') }}, 0)
                + coalesce({{ money('given.item.base_discount_tax_compensation_amount') }}, 0)
        end) as gift_cards,
        {# The memo does not tell the fixed taxes of its products in the shop's currency: they are the pieces' share of the order's. #}
        sum(cast(round(
            cast({{ fixed_product_tax('ordered.item', 'ordered.all_items') }} as double)
            * cast({{ money('given.item.qty') }} as double) / nullif(cast({{ money('ordered.item.qty_ordered') }} as double), 0), 2
        ) as decimal(18, 4))) as fixed_tax
    from given
    left join ordered
        on given.account_id = ordered.account_id and given.item.order_item_id = ordered.item.item_id
    where coalesce(ordered.item.parent_item_id, '') in ('', '0')
    group by given.account_id, given.refund_id
),

refunds as (
    select
        latest.account_id,
        account.store_id,
        account.currency as account_currency,
        latest.record_key as refund_id,
        nullif(nullif(latest.record.order_id, ''), '0') as order_id,
        latest.load_id,
        latest.record,
        {{ translate('latest.record.state', states) }} as refund_state,
        {{ parse_instant('latest.record.created_at') }} as created_at,
        coalesce(pieces.gift_cards, 0) as gift_cards,
        {#
          The total is without what went back onto gift cards or into store credit, so that is added. Money given back for gift cards is
          taken off, because selling them is no sale of goods.
        #}
        cast({{ money('latest.record.base_grand_total') }}
            + {{ commerce_sum('latest.record', ['base_gift_cards_amount', 'base_customer_balance_amount']) }}
            - coalesce(pieces.gift_cards, 0) as decimal(18, 4)) as refund_amount,
        coalesce({{ money('latest.record.base_subtotal') }}, 0) - coalesce(pieces.gift_cards, 0)
            - {{ commerce_sum('latest.record', ['base_reward_currency_amount']) }} + coalesce({{ money('latest.record.base_discount_amount') }}, 0)
            + coalesce({{ money('latest.record.base_adjustment') }}, 0)
            {# Where prices include tax, the tax part of the discount is told as compensation, as in the order's lines. #}
            + coalesce({{ money('latest.record.base_discount_tax_compensation_amount') }}, 0) as listed_goods,
        coalesce({{ money('latest.record.base_shipping_amount') }}, 0) as listed_shipping,
        {{ commerce_sum('latest.record', ['gw_base_price', 'gw_items_base_price', 'gw_card_base_price']) }} as wrapping,
        {# `base_discount_amount` of a memo covers goods and postage. The postage's part is its share of the order's discount on postage. #}
        coalesce(cast(round(
            cast({{ money('latest.record.base_shipping_amount') }} as double)
            * cast({{ money('placed.record.base_shipping_discount_amount') }}
                - coalesce({{ money('placed.record.base_shipping_discount_tax_compensation_amnt') }}, 0) as double)
            / nullif(cast({{ money('placed.record.base_shipping_amount') }} as double), 0), 4
        ) as decimal(18, 4)), 0) as off_shipping,
        coalesce({{ money('latest.record.base_tax_amount') }}, 0) as told_tax,
        coalesce(pieces.fixed_tax, 0) as fixed_tax,
        coalesce(pieces.item_count, 0) as item_count,
        pieces.quantity,
        pieces.order_item_id
    from {{ ref('base_magento__refunds') }} as latest
    left join pieces
        on latest.account_id = pieces.account_id and latest.record_key = pieces.refund_id
    left join {{ ref('base_magento__orders') }} as placed
        on latest.account_id = placed.account_id and latest.record.order_id = placed.record_key
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
),

parts as (
    select
        *,
        {# By a setting of the shop fixed taxes are in the subtotal, or in the grand total alone. #}
        listed_goods + off_shipping
            - case when listed_goods + listed_shipping + wrapping + told_tax = refund_amount then fixed_tax else 0 end as goods,
        listed_shipping - off_shipping as shipping,
        told_tax + fixed_tax as tax
    from refunds
    {# A gift card that was not given back in full must not make a negative refund. #}
    where refund_amount > 0 or gift_cards = 0
)

select
    'magento' as platform,
    account_id,
    store_id,
    refund_id,
    order_id,
    case when item_count = 1 and shipping + wrapping = 0 then order_item_id end as line_id,
    refund_state,
    {# The shop does not say whether goods came back. #}
    'other' as refund_type,
    created_at as requested_at,
    case when refund_state = 'success' then created_at end as refunded_at,
    refund_amount,
    case when goods + shipping + wrapping + tax = refund_amount then cast(goods as decimal(18, 4)) end as refund_goods,
    case when goods + shipping + wrapping + tax = refund_amount then cast(shipping as decimal(18, 4)) end as refund_shipping,
    case when goods + shipping + wrapping + tax = refund_amount then cast(tax as decimal(18, 4)) end as refund_tax,
    case when item_count > 0 then cast(quantity as decimal(18, 4)) end as quantity,
    {{ null_as('text') }} as reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    coalesce(parts.record.base_currency_code, account_currency) as currency,
    load_id
from parts

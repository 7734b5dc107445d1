with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        latest.record.status as trade_status,
        latest.record.post_fee as post_fee_text,
        latest.record.platform_subsidy_fee as trade_subsidy_text,
        {{ array_length('latest.record.orders.order') }} as line_count,
        {{ explode('latest.record.orders.order') }} as line
    from {{ ref('base_taobao__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        line_count,
        coalesce({{ money('post_fee_text') }}, 0) as post_fee,
        coalesce(nullif(exploded.line.oid_str, ''), exploded.line.oid) as line_id,
        exploded.line.num_iid as product_id,
        nullif(nullif(exploded.line.sku_id, ''), '0') as sku_id,
        exploded.line.title as product_name,
        exploded.line.cid as category_path,
        {{ money('exploded.line.num') }} as quantity,
        cast({{ money('exploded.line.price') }} * {{ money('exploded.line.num') }} as decimal(18, 4)) as list_amount,
        {{ money('exploded.line.divide_order_fee') }} as divided,
        {# The amount made of the line's documented parts: price × num + adjustment − own discount − share of the order's discount. #}
        coalesce(
            {{ money('exploded.line.total_fee') }},
            cast({{ money('exploded.line.price') }} * {{ money('exploded.line.num') }} as decimal(18, 4))
                + coalesce({{ money('exploded.line.adjust_fee') }}, 0)
                - coalesce({{ money('exploded.line.discount_fee') }}, 0)
        ) - coalesce({{ money('exploded.line.part_mjz_discount') }}, 0) as composed,
        {# In a trade of one line the trade's subsidy is the line's. With several lines only the line's own field tells it. #}
        coalesce(
            {{ money('exploded.line.platform_subsidy_fee') }},
            case when line_count = 1 then {{ money('trade_subsidy_text') }} end,
            0
        ) as line_platform_subsidy,
        coalesce({{ money('exploded.line.sub_order_tax_fee') }}, 0) as line_tax
    from exploded
    {# A sub-order that was closed before payment, in a trade that went on, was never bought. #}
    where
        exploded.line.status is null
        or exploded.line.status <> 'TRADE_CLOSED_BY_TAOBAO'
        or trade_status = 'TRADE_CLOSED_BY_TAOBAO'
),

amounts as (
    select
        *,
        {#
          In a trade of one line `divide_order_fee` may include the postage. It does if, without the postage, it is the composed amount, or
          that less the platform's subsidy; then the postage is taken off.
        #}
        case
            when divided is null then composed
            when
                line_count = 1 and post_fee > 0 and divided <> composed
                and divided - post_fee in (composed, composed - line_platform_subsidy)
                then divided - post_fee
            else divided
        end as line_amount
    from lines
)

select
    'taobao' as platform,
    amounts.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    sku_id,
    product_name,
    category_path,
    'product' as line_class,
    quantity,
    list_amount,
    {# The merchant's discount is what is left of the list price after what the buyer and the platform pay. #}
    cast(list_amount - line_platform_subsidy - line_amount as decimal(18, 4)) as merchant_item_discount,
    cast(line_platform_subsidy as decimal(18, 4)) as line_platform_subsidy,
    cast(line_amount as decimal(18, 4)) as line_amount,
    cast(line_tax as decimal(18, 4)) as line_tax,
    load_id
from amounts
left join {{ source('raw_daybook', 'accounts') }} as account
    on amounts.account_id = account.account_id

with

lines as (
    select
        latest.account_id,
        account.store_id,
        latest.record_key as order_id,
        latest.load_id,
        latest.record.status as trade_status,
        coalesce({{ money('latest.record.post_fee') }}, 0) as post_fee,
        {{ array_length('latest.record.orders.order') }} as line_count,
        coalesce(nullif(line.oid_str, ''), line.oid) as line_id,
        line.num_iid as product_id,
        nullif(nullif(line.sku_id, ''), '0') as sku_id,
        line.title as product_name,
        line.cid as category_path,
        line.status as line_status,
        {{ money('line.num') }} as quantity,
        cast({{ money('line.price') }} * {{ money('line.num') }} as decimal(18, 4)) as list_amount,
        {{ money('line.divide_order_fee') }} as divided,
        {# What the line's documented parts give: price × num + adjustment − own discount − share of the order's. #}
        coalesce(
            {{ money('line.total_fee') }},
            cast({{ money('line.price') }} * {{ money('line.num') }} as decimal(18, 4))
                + coalesce({{ money('line.adjust_fee') }}, 0)
                - coalesce({{ money('line.discount_fee') }}, 0)
        ) - coalesce({{ money('line.part_mjz_discount') }}, 0) as composed,
        {{ money('line.platform_subsidy_fee') }} as own_subsidy,
        coalesce({{ money('latest.record.platform_subsidy_fee') }}, 0) as trade_subsidy,
        coalesce({{ money('line.sub_order_tax_fee') }}, 0) as line_tax
    from {{ ref('base_taobao__orders') }} as latest
    left join {{ source('raw_daybook', 'accounts') }} as account
        on latest.account_id = account.account_id
    {{ explode('latest.record.orders.order', 'line') }}
),

amounts as (
    select
        *,
        {# A trade of one line may carry the postage in the line's amount; the goods are what is left. #}
        case
            when divided is null then composed
            when line_count = 1 and post_fee > 0 and divided = composed + post_fee then composed
            else divided
        end as line_amount
    from lines
    {# A line taken off the order before it was paid was never bought. #}
    where line_status is null or line_status <> 'TRADE_CLOSED_BY_TAOBAO' or trade_status = 'TRADE_CLOSED_BY_TAOBAO'
),

shares as (
    select
        *,
        sum(coalesce(own_subsidy, 0)) over (partition by account_id, order_id) as own_subsidies,
        sum(line_amount) over (partition by account_id, order_id) as trade_amount,
        sum(line_amount) over (
            partition by account_id, order_id order by line_id
            rows between unbounded preceding and current row
        ) as amount_so_far
    from amounts
),

{#
  A line's share of the platform's money: its own field, else its part of the trade's, as the difference of rounded
  running totals, so that the parts add up to the trade's to the cent.
#}
subsidies as (
    select
        *,
        case
            when own_subsidies <> 0 or trade_subsidy = 0 or trade_amount = 0 then coalesce(own_subsidy, 0)
            else
                cast(round(cast(trade_subsidy as double) * cast(amount_so_far as double)
                    / cast(trade_amount as double), 2) as decimal(18, 4))
                - cast(round(cast(trade_subsidy as double) * cast(amount_so_far - line_amount as double)
                    / cast(trade_amount as double), 2) as decimal(18, 4))
        end as line_platform_subsidy
    from shares
)

select
    'taobao' as platform,
    account_id,
    store_id,
    order_id,
    line_id,
    product_id,
    sku_id,
    product_name,
    category_path,
    'product' as line_class,
    quantity,
    list_amount,
    {# What is left of the list price after the buyer's and the platform's part, the merchant gave. #}
    cast(list_amount - line_platform_subsidy - line_amount as decimal(18, 4)) as merchant_item_discount,
    cast(line_platform_subsidy as decimal(18, 4)) as line_platform_subsidy,
    cast(line_amount as decimal(18, 4)) as line_amount,
    cast(line_tax as decimal(18, 4)) as line_tax,
    load_id
from subsidies

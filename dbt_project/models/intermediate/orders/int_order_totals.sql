-- Orders with the sums of their lines in the order's, the store's and the reporting currency. One row per order.
{%- set amounts = ['list_amount', 'merchant_discount', 'platform_subsidy', 'goods_paid', 'shipping_charged', 'tax',
    'other_charged', 'gift_cards_sold', 'accounting_adjustments'] %}

with

headers as (

    select * from {{ ref('int_order_headers') }}

),

lines as (

    select
        platform,
        store_id,
        order_id,
        sum(units) as units,
        sum(case when is_carrier then 0 else 1 end) as lines,
        sum(case when line_class in ('product', 'shipping') then 1 else 0 end) as sale_lines,
        sum(case when line_class = 'test' then 1 else 0 end) as test_lines,
        sum(case when line_class in ('test', 'bad_debt', 'adjustment') then 1 else 0 end) as book_lines,
        {%- for name in amounts %}
        sum(case when line_class = 'test' then 0 else {{ name }}_orig end) as {{ name }}_orig
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_order_lines') }}
    group by platform, store_id, order_id

),

totals as (

    select
        headers.*,
        coalesce(lines.lines, 0) as lines,
        coalesce(lines.sale_lines, 0) > 0 as is_sale,
        cast(coalesce(lines.units, 0) as decimal(18, 4)) as units,
        -- An order of nothing but test items or bookkeeping entries is no order of a customer.
        coalesce(
            headers.exclude_reason,
            case
                when lines.lines > 0 and lines.test_lines = lines.lines then 'test'
                when lines.lines > 0 and lines.book_lines = lines.lines then 'not_a_sale'
            end
        ) as why_excluded,
        {%- for name in amounts %}
        cast(coalesce(lines.{{ name }}_orig, 0) as decimal(18, 4)) as {{ name }}_orig
        {{- "," if not loop.last }}
        {%- endfor %}
    from headers
    left join lines
        on headers.platform = lines.platform
        and headers.store_id = lines.store_id
        and headers.order_id = lines.order_id

)

select
    platform,
    account_id,
    store_id,
    order_id,
    buyer_key,
    buyer_type,
    region,
    payment_type,
    order_type,
    order_state,
    source_status,
    why_excluded as exclude_reason,
    paid_date is not null and why_excluded is null as is_paid,
    paid_date is not null and why_excluded is null and is_sale as is_counted,
    created_at,
    paid_at,
    shipped_at,
    delivered_at,
    completed_at,
    cancelled_at,
    modified_at,
    created_date,
    paid_date,
    deposit_date,
    forfeited_date,
    currency,
    store_currency,
    rate_to_reporting,
    rate_to_store,
    lines,
    units,
    {%- for name in amounts %}
    {{ name }}_orig,
    {{ converted(name ~ '_orig', 'rate_to_store') }} as {{ name }}_store,
    {{ converted(name ~ '_orig', 'rate_to_reporting') }} as {{ name }},
    {%- endfor %}
    goods_paid_orig + shipping_charged_orig + tax_orig as paid_amount_orig,
    {{ converted('deposit_paid_amount', 'rate_to_reporting') }} as deposit_received,
    case when is_deposit_forfeited then {{ converted('deposit_paid_amount', 'rate_to_reporting') }} else 0 end as deposit_forfeited,
    buyer_paid_total,
    load_id
from totals

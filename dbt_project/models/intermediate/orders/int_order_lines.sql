-- Order lines of all platforms with every amount of their order: what the order says once (discount, subsidy,
-- shipping, tax) is spread over its product lines by net share and largest remainder, so lines sum to the order
-- to the cent. An order that has such amounts, or no lines at all, but no product line to carry them, gets one
-- line without a product. A line whose order is unknown is kept and excluded by name. One row per line.
{%- set key = 'platform, store_id, order_id' %}

with

headers as (

    select * from {{ ref('int_order_headers') }}

),

source_lines as (

    {{ union_staging('order_lines') }}

),

line_totals as (

    select
        platform,
        store_id,
        order_id,
        sum(case when line_class = 'product' then 1 else 0 end) as product_lines,
        sum(case when line_class = 'product' then greatest(line_amount, 0) else 0 end) as net_weight,
        sum(case when line_class = 'shipping' then line_amount else 0 end) as shipping_lines,
        sum(case when line_class = 'discount' then line_amount else 0 end) as discount_lines,
        sum(coalesce(line_tax, 0)) as line_tax
    from source_lines
    group by platform, store_id, order_id

),

-- What each order spreads over its product lines.
to_spread as (

    select
        headers.platform,
        headers.store_id,
        headers.order_id,
        headers.account_id,
        headers.load_id,
        line_totals.order_id is null as has_no_lines,
        coalesce(line_totals.product_lines, 0) as product_lines,
        coalesce(line_totals.net_weight, 0) as net_weight,
        {{ minor_units('headers.currency') }} as minor_units,
        headers.order_discount - coalesce(line_totals.discount_lines, 0) as order_discount,
        headers.platform_subsidy,
        headers.shipping_charged + coalesce(line_totals.shipping_lines, 0) as shipping_charged,
        coalesce(headers.tax - line_totals.line_tax, headers.tax, 0) as tax,
        headers.buyer_paid_total
    from headers
    left join line_totals
        on headers.platform = line_totals.platform
        and headers.store_id = line_totals.store_id
        and headers.order_id = line_totals.order_id

),

carriers as (

    select
        platform,
        account_id,
        store_id,
        order_id,
        'order' as line_id,
        'product' as line_class,
        case
            when has_no_lines then coalesce(buyer_paid_total - shipping_charged - tax, 0) + order_discount + platform_subsidy
            else 0
        end as list_amount,
        load_id
    from to_spread
    where product_lines = 0
        and (
            has_no_lines
            or order_discount <> 0 or platform_subsidy <> 0 or shipping_charged <> 0 or tax <> 0
        )

),

all_lines as (

    select
        platform, account_id, store_id, order_id, line_id, product_id, sku_id, product_name, category_path,
        line_class, quantity, list_amount, merchant_item_discount, line_platform_subsidy, line_amount, line_tax,
        load_id, false as is_carrier
    from source_lines

    union all

    select
        platform, account_id, store_id, order_id, line_id, null as product_id, null as sku_id, null as product_name,
        null as category_path, line_class, 0 as quantity, list_amount, 0 as merchant_item_discount,
        0 as line_platform_subsidy, list_amount as line_amount, 0 as line_tax, load_id, true as is_carrier
    from carriers

),

-- One row per line and amount to spread; most orders have none.
shares as (

    select
        lines.platform,
        lines.store_id,
        lines.order_id,
        lines.line_id,
        amounts.component,
        amounts.minor_units,
        amounts.amount,
        cast(case
            when amounts.net_weight > 0 then cast(greatest(lines.line_amount, 0) as double) / cast(amounts.net_weight as double)
            else 1 / cast(greatest(amounts.product_lines, 1) as double)
        end as double) as share
    from all_lines as lines
    inner join (
        {%- for component in ['order_discount', 'platform_subsidy', 'shipping_charged', 'tax'] %}
        select
            {{ key }}, net_weight, product_lines, minor_units,
            '{{ component }}' as component, {{ component }} as amount
        from to_spread
        where {{ component }} <> 0
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as amounts
        on lines.platform = amounts.platform
        and lines.store_id = amounts.store_id
        and lines.order_id = amounts.order_id
    where lines.line_class = 'product'

),

-- Whole minor units each line gets at once, and the fraction that decides who gets those left over.
floored as (

    select
        shares.*,
        cast(round(abs(amount) * minor_units) as bigint) as total_units,
        cast(floor(cast(round(abs(amount) * minor_units) as bigint) * share + 0.0000001) as bigint) as floor_units,
        round(
            cast(round(abs(amount) * minor_units) as bigint) * share
            - floor(cast(round(abs(amount) * minor_units) as bigint) * share + 0.0000001), 6
        ) as remainder
    from shares

),

ranked as (

    select
        floored.*,
        sum(floor_units) over (partition by {{ key }}, component) as order_floor_units,
        row_number() over (partition by {{ key }}, component order by remainder desc, line_id) as turn
    from floored

),

spread as (

    select
        {{ key }},
        line_id,
        {%- for component in ['order_discount', 'platform_subsidy', 'shipping_charged', 'tax'] %}
        sum(case when component = '{{ component }}' then units else 0 end) as {{ component }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from (
        select
            {{ key }},
            line_id,
            component,
            cast(
                (floor_units + case when turn <= total_units - order_floor_units then 1 else 0 end)
                * case when amount < 0 then -1 else 1 end / cast(minor_units as decimal(18, 4))
                as decimal(18, 4)
            ) as units
        from ranked
    ) as units_of_lines
    group by {{ key }}, line_id

),

amounts as (

    select
        lines.platform,
        lines.account_id,
        lines.store_id,
        lines.order_id,
        lines.line_id,
        lines.product_id,
        lines.sku_id,
        lines.product_name,
        lines.category_path,
        lines.line_class,
        lines.is_carrier,
        case
            when headers.order_id is null then 'no_order'
            when lines.line_class = 'test' then 'test'
            else headers.exclude_reason
        end as exclude_reason,
        headers.paid_date,
        headers.created_date,
        headers.currency,
        headers.rate_to_reporting,
        headers.rate_to_store,
        lines.line_class = 'product' as is_goods,
        lines.quantity,
        lines.list_amount,
        coalesce(lines.merchant_item_discount, 0) + coalesce(spread.order_discount, 0) as merchant_discount,
        coalesce(lines.line_platform_subsidy, 0) + coalesce(spread.platform_subsidy, 0) as platform_subsidy,
        lines.line_amount,
        lines.line_amount - coalesce(spread.order_discount, 0) - coalesce(spread.platform_subsidy, 0) as buyer_paid,
        coalesce(spread.shipping_charged, 0) as shipping_charged,
        coalesce(lines.line_tax, 0) + coalesce(spread.tax, 0) as tax,
        lines.load_id
    from all_lines as lines
    left join headers
        on lines.platform = headers.platform
        and lines.store_id = headers.store_id
        and lines.order_id = headers.order_id
    left join spread
        on lines.platform = spread.platform
        and lines.store_id = spread.store_id
        and lines.order_id = spread.order_id
        and lines.line_id = spread.line_id

),

-- The classes that are goods, and those that are something else (marts, trap 18).
classed as (

    select
        platform,
        account_id,
        store_id,
        order_id,
        line_id,
        product_id,
        sku_id,
        product_name,
        category_path,
        line_class,
        is_carrier,
        exclude_reason,
        paid_date,
        created_date,
        currency,
        rate_to_reporting,
        rate_to_store,
        load_id,
        cast(quantity as decimal(18, 4)) as quantity,
        cast(case when is_goods then quantity else 0 end as decimal(18, 4)) as units_orig,
        {%- for column in ['list_amount', 'merchant_discount', 'platform_subsidy', 'shipping_charged', 'tax'] %}
        cast(case when is_goods then {{ column }} else 0 end as decimal(18, 4)) as {{ column }}_orig,
        {%- endfor %}
        cast(case when is_goods then buyer_paid else 0 end as decimal(18, 4)) as goods_paid_orig,
        cast(case when line_class in ('fee', 'manual', 'sample') then line_amount else 0 end as decimal(18, 4)) as other_charged_orig,
        cast(case when line_class = 'gift_card' then line_amount else 0 end as decimal(18, 4)) as gift_cards_sold_orig,
        cast(case when line_class in ('bad_debt', 'adjustment') then line_amount else 0 end as decimal(18, 4)) as accounting_adjustments_orig
    from amounts

)

select
    platform,
    account_id,
    store_id,
    order_id,
    line_id,
    product_id,
    sku_id,
    product_name,
    category_path,
    line_class,
    is_carrier,
    exclude_reason,
    paid_date,
    created_date,
    currency,
    rate_to_reporting,
    quantity,
    units_orig as units,
    {%- for column in ['list_amount', 'merchant_discount', 'platform_subsidy', 'goods_paid', 'shipping_charged', 'tax',
        'other_charged', 'gift_cards_sold', 'accounting_adjustments'] %}
    {{ column }}_orig,
    {%- endfor %}
    -- Each line's part of the order's converted amount, so that lines sum to the order in every currency.
    case
        when rate_to_store = 1 then goods_paid_orig
        else {{ converted_part('goods_paid_orig', 'rate_to_store', 'lines_so_far') }}
    end as goods_paid_store,
    {%- for column in ['list_amount', 'merchant_discount', 'platform_subsidy', 'goods_paid'] %}
    case
        when rate_to_reporting = 1 then {{ column }}_orig
        else {{ converted_part(column ~ '_orig', 'rate_to_reporting', 'lines_so_far') }}
    end as {{ column }},
    {%- endfor %}
    load_id
from classed
window lines_so_far as (
    partition by {{ key }}
    order by line_id
    rows between unbounded preceding and current row
)

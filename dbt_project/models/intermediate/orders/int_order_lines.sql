-- Order lines of all platforms with every amount of their order. What the order says once (discount, subsidy, shipping, tax) is spread
-- over its product lines by net share and largest remainder, so that lines sum to the order to the cent.
-- * An order without a product line that has such amounts, or no lines at all, gets one line without a product to carry them.
-- * A line whose order is unknown is kept and excluded by name.
-- * Where lines name no category, they have the product's at the time of the sale (trap 51).
-- One row per line. Not a table of its own: fct_order_lines is written from it, and to write three lines an order twice took a thirtieth
-- of a full build.
{{ config(materialized='ephemeral') }}
{%- set goes_on = only_changes_of('fct_order_lines') %}
{%- set key = 'platform, store_id, order_id' %}
{%- set order_first = 'order_id, component, store_id, platform' %}
{%- set parts = ['list_amount', 'merchant_discount', 'platform_subsidy', 'goods_paid'] %}
{%- set of_order = ['list_amount_orig', 'merchant_discount_orig', 'platform_subsidy_orig', 'goods_paid_orig', 'tax_orig'] %}

{%- set spreads = ['order_discount', 'platform_subsidy', 'shipping_charged', 'tax'] %}

with

orders as (

    select *
    from {{ ref('int_order_totals') }} as orders
    {%- if goes_on %}
    where {{ in_changed_orders('orders') }}
    {%- endif %}

),

source_lines as (

    select *
    from (
        {{ union_staging('order_lines') }}
    ) as order_lines
    where {{ is_heard('order_lines', 'order_lines') }}
    {%- if goes_on %}
        and {{ in_staged_orders('order_lines') }}
    {%- endif %}

),

carriers as (

    select
        platform,
        account_id,
        store_id,
        order_id,
        'order' as line_id,
        'product' as line_class,
        unlisted_amount as list_amount
    from orders
    where needs_carrier

),

all_lines as (

    select
        platform, account_id, store_id, order_id, line_id, product_id, sku_id, product_name, category_path,
        line_class, quantity, list_amount, merchant_item_discount, line_platform_subsidy, line_amount, line_tax,
        false as is_carrier
    from source_lines

    union all

    select
        platform, account_id, store_id, order_id, line_id, null as product_id, null as sku_id, null as product_name,
        null as category_path, line_class, 0 as quantity, list_amount, 0 as merchant_item_discount,
        0 as line_platform_subsidy, list_amount as line_amount, 0 as line_tax, true as is_carrier
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
        case
            when amounts.net_weight > 0 then cast(greatest(lines.line_amount, 0) as double) / cast(amounts.net_weight as double)
            else 1 / cast(greatest(amounts.product_lines, 1) as double)
        end as share
    from all_lines as lines
    inner join (
        {%- for component in spreads %}
        select
            {{ key }},
            net_weight,
            product_lines,
            -- A shop may keep cents of a currency that has none: WooCommerce lets it.
            case when to_spread_{{ component }} = round(to_spread_{{ component }}, 0) then {{ minor_units('currency') }} else 100 end
                as minor_units,
            {{ loop.index }} as component,
            to_spread_{{ component }} as amount
        from orders
        where to_spread_{{ component }} <> 0
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

-- The key that differs most comes first in the window, because DuckDB sorts by the first bytes of all its keys together.
ranked as (

    select
        floored.*,
        sum(floor_units) over (partition by {{ order_first }}) as order_floor_units,
        row_number() over (partition by {{ order_first }} order by remainder desc, line_id) as turn
    from floored

),

spread as (

    select
        {{ key }},
        line_id,
        {%- for component in spreads %}
        sum(case when component = {{ loop.index }} then units else 0 end) as {{ component }}
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
        orders.buyer_key,
        lines.product_id,
        lines.sku_id,
        lines.product_name,
        coalesce(lines.category_path, categories.category_path) as category_path,
        lines.line_class,
        lines.is_carrier,
        case
            when orders.order_id is null then 'no_order'
            when lines.line_class = 'test' then 'test'
            else orders.exclude_reason
        end as exclude_reason,
        orders.paid_date,
        orders.created_date,
        orders.currency,
        orders.rate_to_reporting,
        orders.rate_to_store,
        lines.line_class = 'product' as is_goods,
        lines.quantity,
        lines.list_amount,
        coalesce(lines.merchant_item_discount, 0) + coalesce(spread.order_discount, 0) as merchant_discount,
        coalesce(lines.line_platform_subsidy, 0) + coalesce(spread.platform_subsidy, 0) as platform_subsidy,
        lines.line_amount,
        lines.line_amount - coalesce(spread.order_discount, 0) - coalesce(spread.platform_subsidy, 0) as buyer_paid,
        coalesce(spread.shipping_charged, 0) as shipping_charged,
        coalesce(lines.line_tax, 0) + coalesce(spread.tax, 0) as tax
    from all_lines as lines
    left join orders
        on lines.platform = orders.platform
        and lines.store_id = orders.store_id
        and lines.order_id = orders.order_id
    left join spread
        on lines.platform = spread.platform
        and lines.store_id = spread.store_id
        and lines.order_id = spread.order_id
        and lines.line_id = spread.line_id
    left join {{ ref('int_product_categories') }} as categories
        on lines.platform = categories.platform
        and lines.store_id = categories.store_id
        and case when lines.category_path is null then lines.product_id end = categories.product_id
        and coalesce(orders.paid_at, orders.created_at) >= categories.valid_from_at
        and coalesce(orders.paid_at, orders.created_at) < categories.valid_until_at

),

-- The classes that are goods, and those that are something else (marts, trap 18).
classed as (

    select
        platform,
        account_id,
        store_id,
        order_id,
        line_id,
        buyer_key,
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

),

-- Each line is rounded and converted by itself. The few cents by which the lines differ from the order go to one line.
converted as (

    select
        classed.*,
        {%- for column in of_order %}
        cast(round({{ column }}, 2) as decimal(18, 4)) as {{ column }}_in_cents,
        {%- endfor %}
        {%- for column in parts %}
        case when {{ column }}_orig = 0 then 0 else {{ converted(column ~ '_orig', 'rate_to_reporting') }} end as {{ column }},
        {%- endfor %}
        {{ converted('goods_paid_orig', 'rate_to_store') }} as goods_paid_store
    from classed

),

-- Orders of which a line has fractions of a cent: 2.5 metres at 3.33, or what is left of a line when a part was called off.
uneven as (

    select distinct platform, store_id, order_id
    from converted
    where line_class = 'product' and (
        {%- for column in of_order %}
        {{ column }} <> {{ column }}_in_cents{{ " or" if not loop.last }}
        {%- endfor %}
    )

),

left_over as (

    select
        orders.platform,
        orders.store_id,
        orders.order_id,
        lines.line_id,
        {%- for column in of_order %}
        cast(round(orders.{{ column }}, 2) - lines.{{ column }} as decimal(18, 4)) as {{ column }},
        {%- endfor %}
        {%- for column in ['goods_paid_store'] + parts %}
        cast(orders.{{ column }} - lines.{{ column }} as decimal(18, 4)) as {{ column }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from orders
    inner join (
        select
            platform,
            store_id,
            order_id,
            coalesce(
                min(case when goods_paid_orig <> 0 then line_id end),
                min(case when list_amount_orig <> 0 then line_id end),
                min(line_id)
            ) as line_id,
            {%- for column in of_order %}
            sum({{ column }}_in_cents) as {{ column }},
            {%- endfor %}
            {%- for column in ['goods_paid_store'] + parts %}
            sum({{ column }}) as {{ column }}
            {{- "," if not loop.last }}
            {%- endfor %}
        from converted
        where line_class = 'product' and (
            rate_to_reporting <> 1 or rate_to_store <> 1
            or (platform, store_id, order_id) in (select platform, store_id, order_id from uneven)
        )
        group by platform, store_id, order_id
    ) as lines
        on orders.platform = lines.platform
        and orders.store_id = lines.store_id
        and orders.order_id = lines.order_id

),

named as (

    select
        lines.platform,
        lines.account_id,
        lines.store_id,
        lines.order_id,
        lines.line_id,
        lines.buyer_key,
        lines.product_id,
        lines.sku_id,
        lines.product_name,
        lines.category_path,
        lines.line_class,
        lines.is_carrier,
        lines.exclude_reason,
        lines.paid_date,
        lines.created_date,
        lines.currency,
        lines.rate_to_reporting,
        lines.quantity,
        lines.units_orig as units,
        {%- for column in of_order %}
        cast(lines.{{ column }}_in_cents + coalesce(left_over.{{ column }}, 0) as decimal(18, 4)) as {{ column }},
        {%- endfor %}
        {%- for column in ['shipping_charged', 'other_charged', 'gift_cards_sold', 'accounting_adjustments'] %}
        lines.{{ column }}_orig,
        {%- endfor %}
        {%- for column in ['goods_paid_store'] + parts %}
        cast(lines.{{ column }} + coalesce(left_over.{{ column }}, 0) as decimal(18, 4)) as {{ column }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from converted as lines
    left join left_over
        on lines.platform = left_over.platform
        and lines.store_id = left_over.store_id
        and lines.order_id = left_over.order_id
        and lines.line_id = left_over.line_id

)

select * from named

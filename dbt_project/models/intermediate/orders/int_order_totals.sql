-- Orders of all platforms with their clocks (the moment each became a sale, its days in the store's zone) and their amounts in the
-- order's, the store's and the reporting currency: the sums of their lines by class (marts, trap 18) and what the order says once.
-- `to_spread_…` is what int_order_lines spreads over the product lines. An order without lines is worth what the source says was
-- paid. One row per order.
{{ config(**rebuilt(["{{ in_changed_orders('held') }}"])) }}
{%- set amounts = ['list_amount', 'merchant_discount', 'platform_subsidy', 'goods_paid', 'shipping_charged', 'tax',
    'other_charged', 'gift_cards_sold', 'gift_cards_redeemed', 'accounting_adjustments'] %}

with

orders as (

    select *
    from (
        {{ union_staging('orders') }}
    ) as orders
    where {{ is_heard('orders', 'orders') }}
    {%- if only_changes() %}
        and {{ in_staged_orders('orders') }}
    {%- endif %}

),

recognised as (

    select
        orders.*,
        -- Paid means paid in full: staging's paid_at is the payment of a presale's balance, and the moment at which a group formed.
        case
            when orders.order_state in ('deposit_paid', 'closed_unpaid') then null
            when orders.order_type = 'cod' then {{ cod_recognised_at('orders') }}
            when orders.order_state = 'created' then null
            else orders.paid_at
        end as sale_at
    from orders

),

dated as (

    select
        recognised.*,
        {{ store_date('recognised.created_at', 'created_zone.time_zone') }} as created_date,
        {{ store_date('recognised.sale_at', 'paid_zone.time_zone') }} as paid_date,
        {{ store_date('recognised.deposit_paid_at', 'created_zone.time_zone') }} as deposit_date,
        case
            when recognised.is_deposit_forfeited
                then {{ store_date('coalesce(recognised.cancelled_at, recognised.modified_at)', 'created_zone.time_zone') }}
        end as forfeited_date,
        stores.store_currency
    from recognised
    left join {{ ref('int_stores') }} as stores on recognised.store_id = stores.store_id
    left join {{ ref('int_store_zones') }} as created_zone
        on recognised.store_id = created_zone.store_id
        and recognised.created_at >= created_zone.valid_from_at
        and recognised.created_at < created_zone.valid_until_at
    left join {{ ref('int_store_zones') }} as paid_zone
        on recognised.store_id = paid_zone.store_id
        and recognised.sale_at >= paid_zone.valid_from_at
        and recognised.sale_at < paid_zone.valid_until_at

),

headers as (

    select
        dated.platform,
        dated.account_id,
        dated.store_id,
        dated.order_id,
        dated.buyer_key,
        dated.buyer_type,
        nullif(trim(dated.region), '') as region,
        nullif(trim(dated.payment_type), '') as payment_type,
        dated.order_type,
        dated.order_state,
        dated.source_status,
        dated.exclude_reason,
        dated.created_at,
        dated.sale_at as paid_at,
        dated.shipped_at,
        dated.delivered_at,
        dated.promised_delivery_at,
        dated.completed_at,
        dated.cancelled_at,
        dated.modified_at,
        dated.created_date,
        dated.paid_date,
        dated.deposit_date,
        dated.forfeited_date,
        dated.currency,
        dated.store_currency,
        rates.rate_to_reporting,
        case
            when dated.currency = dated.store_currency then cast(1 as decimal(18, 8))
            else cast(round(
                cast(rates.rate_to_reporting as double) / cast(store_rates.rate_to_reporting as double), 8
            ) as decimal(18, 8))
        end as rate_to_store,
        -- A deposit is converted at the rate of its own day, not at that of the later sale.
        deposit_rates.rate_to_reporting as deposit_rate,
        forfeited_rates.rate_to_reporting as forfeited_rate,
        coalesce(dated.shipping_charged, 0) as shipping_charged,
        dated.tax,
        coalesce(dated.order_discount, 0) as order_discount,
        coalesce(dated.platform_subsidy, 0) as platform_subsidy,
        dated.buyer_paid_total,
        -- Null if a deposit was paid and no source says how much it was (some tell only the total once the balance is paid).
        case when dated.deposit_paid_at is null then coalesce(dated.deposit_paid_amount, 0) else dated.deposit_paid_amount end
            as deposit_paid_amount,
        coalesce(dated.is_deposit_forfeited, false) as is_deposit_forfeited,
        dated.load_id
    from dated
    left join {{ ref('int_fx_rates') }} as rates
        on dated.currency = rates.currency
        and coalesce(dated.paid_date, dated.created_date) = rates.date_day
    left join {{ ref('int_fx_rates') }} as store_rates
        on dated.store_currency = store_rates.currency
        and coalesce(dated.paid_date, dated.created_date) = store_rates.date_day
    left join {{ ref('int_fx_rates') }} as deposit_rates
        on dated.currency = deposit_rates.currency
        and dated.deposit_date = deposit_rates.date_day
    left join {{ ref('int_fx_rates') }} as forfeited_rates
        on dated.currency = forfeited_rates.currency
        and dated.forfeited_date = forfeited_rates.date_day

),

order_lines as (

    select *
    from (
        {{ union_staging('order_lines') }}
    ) as order_lines
    where {{ is_heard('order_lines', 'order_lines') }}
    {%- if only_changes() %}
        and {{ in_staged_orders('order_lines') }}
    {%- endif %}

),

lines as (

    select
        platform,
        store_id,
        order_id,
        count(*) as lines,
        cast(sum(case when line_class = 'product' then 1 else 0 end) as bigint) as product_lines,
        cast(sum(case when line_class = 'shipping' then 1 else 0 end) as bigint) as shipping_lines,
        cast(sum(case when line_class = 'test' then 1 else 0 end) as bigint) as test_lines,
        cast(sum(case when line_class in ('test', 'bad_debt', 'adjustment') then 1 else 0 end) as bigint) as book_lines,
        cast(sum(case when line_class = 'product' then quantity end) as decimal(18, 4)) as units,
        cast(sum(case when line_class = 'product' then list_amount end) as decimal(18, 4)) as list_amount,
        cast(sum(case when line_class = 'product' then merchant_item_discount end) as decimal(18, 4)) as merchant_item_discount,
        cast(sum(case when line_class = 'product' then line_platform_subsidy end) as decimal(18, 4)) as line_platform_subsidy,
        cast(sum(case when line_class = 'product' then line_amount end) as decimal(18, 4)) as line_amount,
        cast(sum(case when line_class = 'product' then greatest(line_amount, 0) end) as decimal(18, 4)) as net_weight,
        cast(sum(case when line_class = 'product' then line_tax end) as decimal(18, 4)) as product_tax,
        -- Without the tax of discount lines: it stays in to_spread_tax and is spread over the goods, as the discount itself is.
        cast(sum(case when line_class <> 'discount' then line_tax end) as decimal(18, 4)) as line_tax,
        cast(sum(case when line_class = 'shipping' then line_amount end) as decimal(18, 4)) as shipping_amount,
        cast(sum(case when line_class = 'discount' then line_amount end) as decimal(18, 4)) as discount_amount,
        cast(sum(case when line_class in ('fee', 'manual', 'sample') then line_amount end) as decimal(18, 4)) as other_charged,
        cast(sum(case when line_class = 'gift_card' then line_amount end) as decimal(18, 4)) as gift_cards_sold,
        cast(sum(case when line_class in ('bad_debt', 'adjustment') then line_amount end) as decimal(18, 4)) as accounting_adjustments
    from order_lines
    group by platform, store_id, order_id

),

-- What was paid with the shop's own gift cards, which the shop had been paid for before; 0 where the platform does not tell.
redeemed as (

    select platform, store_id, order_id, sum(paid_by_gift_card) as gift_cards_redeemed
    from (
        {{ union_staging('gift_card_payments') }}
    ) as payments
    where {{ is_heard('payments', 'orders') }}
    {%- if only_changes() %}
        and {{ in_staged_orders('payments') }}
    {%- endif %}
    group by platform, store_id, order_id

),

spread as (

    select
        headers.*,
        coalesce(redeemed.gift_cards_redeemed, 0) as gift_cards_redeemed,
        coalesce(lines.lines, 0) as lines,
        coalesce(lines.product_lines, 0) as product_lines,
        coalesce(lines.shipping_lines, 0) as shipping_lines,
        coalesce(lines.test_lines, 0) as test_lines,
        coalesce(lines.book_lines, 0) as book_lines,
        {%- for name in ['units', 'list_amount', 'merchant_item_discount', 'line_platform_subsidy', 'line_amount', 'net_weight',
            'product_tax', 'other_charged', 'gift_cards_sold', 'accounting_adjustments'] %}
        coalesce(lines.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        -- Rounded to cents, so that nothing is left over when they are spread.
        cast(round(cast(headers.order_discount - coalesce(lines.discount_amount, 0) as decimal(18, 4)), 2) as decimal(18, 2)) as to_spread_order_discount,
        cast(round(headers.platform_subsidy, 2) as decimal(18, 2)) as to_spread_platform_subsidy,
        cast(round(cast(headers.shipping_charged + coalesce(lines.shipping_amount, 0) as decimal(18, 4)), 2) as decimal(18, 2)) as to_spread_shipping_charged,
        cast(round(cast(coalesce(headers.tax - coalesce(lines.line_tax, 0), 0) as decimal(18, 4)), 2) as decimal(18, 2)) as to_spread_tax
    from headers
    left join lines
        on headers.platform = lines.platform
        and headers.store_id = lines.store_id
        and headers.order_id = lines.order_id
    left join redeemed
        on headers.platform = redeemed.platform
        and headers.store_id = redeemed.store_id
        and headers.order_id = redeemed.order_id

),

valued as (

    select
        spread.*,
        cast(case
            when lines = 0
                then coalesce(buyer_paid_total - to_spread_shipping_charged - to_spread_tax, 0)
                + to_spread_order_discount + to_spread_platform_subsidy
            else 0
        end as decimal(18, 4)) as unlisted_amount,
        -- An order without a product line gets one line without a product to carry these amounts (int_order_lines).
        product_lines = 0 and (
            lines = 0
            or to_spread_order_discount <> 0 or to_spread_platform_subsidy <> 0
            or to_spread_shipping_charged <> 0 or to_spread_tax <> 0
        ) as needs_carrier
    from spread

),

totals as (

    select
        valued.*,
        -- An order of nothing but test lines, or of nothing but bookkeeping lines, is no sale to a customer.
        coalesce(
            exclude_reason,
            case
                when lines > 0 and test_lines = lines then 'test'
                when lines > 0 and book_lines = lines then 'not_a_sale'
            end
        ) as why_excluded,
        product_lines > 0 or shipping_lines > 0 or needs_carrier as is_sale,
        cast(list_amount + unlisted_amount as decimal(18, 4)) as list_amount_orig,
        cast(merchant_item_discount + to_spread_order_discount as decimal(18, 4)) as merchant_discount_orig,
        cast(line_platform_subsidy + to_spread_platform_subsidy as decimal(18, 4)) as platform_subsidy_orig,
        cast(line_amount + unlisted_amount - to_spread_order_discount - to_spread_platform_subsidy as decimal(18, 4))
            as goods_paid_orig,
        cast(to_spread_shipping_charged as decimal(18, 4)) as shipping_charged_orig,
        cast(product_tax + to_spread_tax as decimal(18, 4)) as tax_orig,
        cast(other_charged as decimal(18, 4)) as other_charged_orig,
        cast(gift_cards_sold as decimal(18, 4)) as gift_cards_sold_orig,
        cast(gift_cards_redeemed as decimal(18, 4)) as gift_cards_redeemed_orig,
        cast(accounting_adjustments as decimal(18, 4)) as accounting_adjustments_orig
    from valued

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
    promised_delivery_at,
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
    product_lines,
    needs_carrier,
    net_weight,
    unlisted_amount,
    to_spread_order_discount,
    to_spread_platform_subsidy,
    to_spread_shipping_charged,
    to_spread_tax,
    cast(units as decimal(18, 4)) as units,
    {%- for name in amounts %}
    {{ name }}_orig,
    {{ converted(name ~ '_orig', 'rate_to_store') }} as {{ name }}_store,
    {{ converted(name ~ '_orig', 'rate_to_reporting') }} as {{ name }},
    {%- endfor %}
    goods_paid_orig + shipping_charged_orig + tax_orig as paid_amount_orig,
    {{ converted('deposit_paid_amount', 'deposit_rate') }} as deposit_received,
    case when is_deposit_forfeited then {{ converted('deposit_paid_amount', 'forfeited_rate') }} else 0 end as deposit_forfeited,
    buyer_paid_total,
    load_id
from totals

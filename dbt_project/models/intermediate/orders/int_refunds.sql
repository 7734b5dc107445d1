-- After-sales of all platforms. Money counts when the refund succeeded, on that day, and never more than was paid for that part: goods,
-- shipping, tax and what else was charged (fees) are capped apart over all refunds of an order, in the order in which they happened.
-- * A refund of an order that was never paid is 0; one whose order is unknown is kept whole.
-- * An exchange gives other goods and no money, whatever amount its source shows.
-- * A refund whose source does not say how much it is counts as nothing and is marked.
-- One row per refund.
{{ config(**rebuilt(["{{ in_changed_orders('held') }}", "{{ in_refunds_to_write('held') }}"])) }}
{%- set parts = ['goods', 'shipping', 'tax', 'other'] %}

with

refunds as (

    select *
    from (
        {{ union_staging('refunds') }}
    ) as refunds
    where {{ is_heard('refunds', 'refunds', 'refund_id') }}
    {%- if only_changes() %}
        and {{ in_staged_refunds('refunds') }}
    {%- endif %}

),

orders as (

    select
        platform, store_id, order_id, buyer_key, exclude_reason, is_paid, is_counted, paid_at, paid_date, currency,
        store_currency, rate_to_reporting, goods_paid_orig, shipping_charged_orig, tax_orig, other_charged_orig
    from {{ ref('int_order_totals') }} as orders
    {%- if only_changes() %}
    where {{ in_changed_orders('orders') }}
    {%- endif %}

),

linked as (

    select
        refunds.*,
        orders.order_id is not null as is_linked,
        coalesce(orders.is_paid, false) as order_is_paid,
        orders.exclude_reason,
        orders.paid_at as order_paid_at,
        orders.paid_date as order_paid_date,
        orders.buyer_key,
        refunds.currency as own_currency,
        coalesce(orders.currency, refunds.currency, stores.store_currency) as order_currency,
        coalesce(orders.store_currency, stores.store_currency) as store_currency,
        orders.rate_to_reporting as sale_rate,
        case when orders.is_paid then orders.goods_paid_orig else 0 end as paid_goods,
        case when orders.is_paid then orders.shipping_charged_orig else 0 end as paid_shipping,
        case when orders.is_paid then orders.tax_orig else 0 end as paid_tax,
        case when orders.is_paid then greatest(orders.other_charged_orig, 0) else 0 end as paid_other,
        refunds.refund_state = 'success' and refunds.refunded_at is not null as is_success,
        refunds.refund_state = 'success' and refunds.refunded_at is not null
            and coalesce(refunds.refund_type, 'other') <> 'exchange' as is_money_back,
        {{ store_date('refunds.refunded_at', 'zones.time_zone') }} as refund_date
    from refunds
    left join orders
        on refunds.platform = orders.platform
        and refunds.store_id = orders.store_id
        and refunds.order_id = orders.order_id
    left join {{ ref('int_stores') }} as stores on refunds.store_id = stores.store_id
    left join {{ ref('int_store_zones') }} as zones
        on refunds.store_id = zones.store_id
        and coalesce(refunds.refunded_at, refunds.requested_at) >= zones.valid_from_at
        and coalesce(refunds.refunded_at, refunds.requested_at) < zones.valid_until_at

),

-- Rates of the refund's own day; money that came back in another currency than its order's is first turned into that.
rated as (

    select
        linked.*,
        case
            when linked.order_currency = '{{ var("reporting_currency") }}' then cast(1 as decimal(18, 8))
            else order_rates.rate_to_reporting
        end as refund_rate,
        case
            when linked.order_currency = linked.store_currency then cast(1 as decimal(18, 8))
            else cast(round(
                cast(order_rates.rate_to_reporting as double) / cast(store_rates.rate_to_reporting as double), 8
            ) as decimal(18, 8))
        end as refund_rate_to_store,
        case
            when not linked.is_money_back or coalesce(linked.currency, linked.order_currency) = linked.order_currency
                then cast(1 as decimal(18, 8))
            else cast(round(
                cast(own_rates.rate_to_reporting as double) / cast(order_rates.rate_to_reporting as double), 8
            ) as decimal(18, 8))
        end as to_order_currency
    from linked
    left join {{ ref('int_fx_rates') }} as order_rates
        on linked.order_currency = order_rates.currency and linked.refund_date = order_rates.date_day
    left join {{ ref('int_fx_rates') }} as store_rates
        on linked.store_currency = store_rates.currency and linked.refund_date = store_rates.date_day
    left join {{ ref('int_fx_rates') }} as own_rates
        on linked.currency = own_rates.currency and linked.refund_date = own_rates.date_day

),

-- What the source says of each part. One that splits leaves the rest of the total to the goods. If it names the goods, too, the rest
-- is first of all for the fees that its order was charged, as far as they were not given back before.
stated as (

    select
        rated.*,
        refund_goods is not null or refund_shipping is not null or refund_tax is not null as is_split,
        case
            when is_money_back and refund_goods is not null and refund_shipping is not null and refund_tax is not null
                then {{ converted('greatest(refund_amount - refund_goods - refund_shipping - refund_tax, 0)', 'to_order_currency') }}
            else 0
        end as stated_rest,
        case when is_money_back then {{ converted('coalesce(refund_amount, 0)', 'to_order_currency') }} else 0 end as stated_amount,
        case when is_money_back then {{ converted('coalesce(refund_shipping, 0)', 'to_order_currency') }} else 0 end as stated_shipping,
        case when is_money_back then {{ converted('coalesce(refund_tax, 0)', 'to_order_currency') }} else 0 end as stated_tax
    from rated

),

fees as (

    select
        stated.*,
        case
            when is_linked then least(rest_so_far, paid_other) - least(rest_so_far - stated_rest, paid_other)
            else stated_rest
        end as split_other
    from (
        select
            stated.*,
            sum(stated_rest) over (
                partition by platform, store_id, coalesce(order_id, refund_id), is_linked
                order by refunded_at, refund_id
                rows between unbounded preceding and current row
            ) as rest_so_far
        from stated
    ) as stated

),

split as (

    select
        fees.*,
        case when is_split then stated_amount - stated_shipping - stated_tax - split_other else 0 end as split_goods,
        case when is_split then stated_shipping else 0 end as split_shipping,
        case when is_split then stated_tax else 0 end as split_tax,
        case when is_split then 0 else stated_amount end as unsplit
    from fees

),

running as (

    select
        split.*,
        {%- for part in parts %}
        sum(split_{{ part }}) over so_far as {{ part }}_so_far,
        greatest(paid_{{ part }} - sum(split_{{ part }}) over whole_order, 0) as {{ part }}_left,
        {%- endfor %}
        sum(unsplit) over so_far as unsplit_so_far
    from split
    window
        whole_order as (partition by platform, store_id, coalesce(order_id, refund_id), is_linked),
        so_far as (
            partition by platform, store_id, coalesce(order_id, refund_id), is_linked
            order by refunded_at, refund_id
            rows between unbounded preceding and current row
        )

),

-- Running totals up to this refund and up to the one before it, each capped; the refund is the difference. Totals
-- that the source does not split fill the goods first, then shipping, then tax, then fees. One that cannot be turned into the order's
-- currency is unknown.
capped as (

    select
        running.*,
        {%- for part in parts %}
        case
            when to_order_currency is null then null
            when not is_linked then {{ "split_goods + unsplit" if part == 'goods' else "split_" ~ part }}
            else
                least({{ part }}_so_far, paid_{{ part }}) - least({{ part }}_so_far - split_{{ part }}, paid_{{ part }})
                + least(greatest(unsplit_so_far{% for earlier in parts[:loop.index0] %} - {{ earlier }}_left{% endfor %}, 0), {{ part }}_left)
                - least(greatest(unsplit_so_far - unsplit{% for earlier in parts[:loop.index0] %} - {{ earlier }}_left{% endfor %}, 0), {{ part }}_left)
        end as {{ part }}_orig
        {{- "," if not loop.last }}
        {%- endfor %}
    from running

),

-- The sale's rate is applied to running totals, so a full refund in parts nets the converted sale to zero exactly.
totals as (

    select
        capped.*,
        {%- for part in parts %}
        sum({{ part }}_orig) over (
            partition by platform, store_id, coalesce(order_id, refund_id), is_linked
            order by refunded_at, refund_id
            rows between unbounded preceding and current row
        ) as {{ part }}_total
        {{- "," if not loop.last }}
        {%- endfor %}
    from capped

)

select
    platform,
    account_id,
    store_id,
    refund_id,
    order_id,
    line_id,
    refund_state,
    refund_type,
    nullif(trim(reason), '') as reason,
    is_disputed,
    is_platform_decided,
    requested_at,
    refunded_at,
    refund_date,
    is_linked,
    buyer_key,
    order_paid_at,
    order_paid_date,
    exclude_reason,
    is_success and exclude_reason is null and (order_is_paid or not is_linked) as is_counted,
    is_money_back and refund_amount is null as is_amount_missing,
    case when to_order_currency is null then own_currency else order_currency end as currency,
    store_currency,
    case when to_order_currency is not null then refund_rate end as rate_to_reporting,
    case when is_money_back then coalesce(quantity, 0) else 0 end as refund_units,
    {%- for part in parts %}
    cast({{ part }}_orig as decimal(18, 4)) as refund_{{ part }}_orig,
    {{ converted(part ~ '_orig', 'refund_rate_to_store') }} as refund_{{ part }}_store,
    {{ converted(part ~ '_orig', 'refund_rate') }} as refund_{{ part }},
    {{ converted(part ~ '_total', 'sale_rate') }} - {{ converted(part ~ '_total - ' ~ part ~ '_orig', 'sale_rate') }}
        as refund_{{ part }}_cohort,
    {%- endfor %}
    cast(stated_amount{% for part in parts %} - {{ part }}_orig{% endfor %} as decimal(18, 4)) as refund_over_paid_orig
from totals

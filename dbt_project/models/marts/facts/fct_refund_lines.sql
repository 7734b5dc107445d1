-- Refunded goods by product. A refund is put on the lines it tells of, as it tells; else on the line it names, or on the lines of the
-- SKU or product it names; else on all goods of the order. Among several lines it is split by what was paid for each, pieces too, and
-- cents left over go to the first. A refund without a known order has no product.
{{ config(**rebuilt(["{{ in_changed_orders('held') }}", "{{ in_refunds_to_write('held') }}"])) }}
with

refunds as (

    select *
    from {{ ref('fct_refunds') }} as refunds
    where is_counted
    {%- if only_changes() %}
    and {{ in_refunds_to_write('refunds') }}
    {%- endif %}

),

lines as (

    select platform, store_id, order_id, line_id, product_id, sku_id, product_name, category_path, goods_paid_orig
    from {{ ref('fct_order_lines') }} as order_lines
    where line_class = 'product'
    {%- if only_changes() %}
    and {{ in_changed_orders('order_lines') }}
    {%- endif %}

),

told as (

    select platform, store_id, refund_id, line_id, weight, units
    from {{ ref('int_told_refund_lines') }} as told
    {%- if only_changes() %}
    where {{ in_refunds_to_write('told') }}
    {%- endif %}

),

candidates as (

    select
        refunds.platform,
        refunds.store_id,
        refunds.refund_id,
        refunds.refund_units,
        lines.line_id,
        coalesce(told.weight, lines.goods_paid_orig) as weight,
        told.units as told_units,
        case
            when told.line_id is not null then 3
            when lines.line_id = refunds.line_id then 2
            when lines.sku_id = refunds.line_id or lines.product_id = refunds.line_id then 1
            else 0
        end as is_named
    from refunds
    inner join lines
        on refunds.platform = lines.platform
        and refunds.store_id = lines.store_id
        and refunds.order_id = lines.order_id
    left join told
        on refunds.platform = told.platform
        and refunds.store_id = told.store_id
        and refunds.refund_id = told.refund_id
        and lines.line_id = told.line_id
    where refunds.is_linked

),

named as (

    select *, max(is_named) over (partition by platform, store_id, refund_id) as best
    from candidates

),

shares as (

    select
        platform,
        store_id,
        refund_id,
        line_id,
        case
            when best = 3 and sum(told_units) over (partition by platform, store_id, refund_id) = refund_units then told_units
            when best > 0 and row_number() over (partition by platform, store_id, refund_id order by weight desc, line_id) = 1
                then refund_units
            else 0
        end as units,
        row_number() over (partition by platform, store_id, refund_id order by weight desc, line_id) as turn,
        case
            when sum(greatest(weight, 0)) over (partition by platform, store_id, refund_id) > 0
                then cast(greatest(weight, 0) as double)
                / cast(sum(greatest(weight, 0)) over (partition by platform, store_id, refund_id) as double)
            else 1 / cast(count(*) over (partition by platform, store_id, refund_id) as double)
        end as share
    from named
    where is_named = best

),

parts as (

    select
        refunds.platform,
        refunds.store_id,
        refunds.refund_id,
        refunds.order_id,
        shares.line_id,
        shares.turn,
        refunds.refund_date,
        refunds.order_paid_date,
        coalesce(shares.units, 0) as refund_units,
        refunds.refund_goods as whole_goods,
        refunds.refund_goods_cohort as whole_goods_cohort,
        cast(round(cast(refunds.refund_goods as double) * coalesce(shares.share, 1), 2) as decimal(18, 2)) as refund_goods,
        cast(round(cast(refunds.refund_goods_cohort as double) * coalesce(shares.share, 1), 2) as decimal(18, 2))
            as refund_goods_cohort
    from refunds
    left join shares
        on refunds.platform = shares.platform
        and refunds.store_id = shares.store_id
        and refunds.refund_id = shares.refund_id

)

select
    parts.platform,
    parts.store_id,
    parts.refund_id,
    coalesce(parts.line_id, 'unknown') as line_id,
    parts.order_id,
    lines.product_id,
    lines.sku_id,
    lines.product_name,
    lines.category_path,
    parts.refund_date,
    parts.order_paid_date,
    cast(parts.refund_units as decimal(18, 4)) as refund_units,
    {%- for name in ['goods', 'goods_cohort'] %}
    cast(
        parts.refund_{{ name }}
        + case
            when coalesce(parts.turn, 1) = 1
                then parts.whole_{{ name }}
                - sum(parts.refund_{{ name }}) over (partition by parts.platform, parts.store_id, parts.refund_id)
            else 0
        end as decimal(18, 2)
    ) as refund_{{ name }}
    {{- "," if not loop.last }}
    {%- endfor %}
from parts
left join lines
    on parts.platform = lines.platform
    and parts.store_id = lines.store_id
    and parts.order_id = lines.order_id
    and parts.line_id = lines.line_id

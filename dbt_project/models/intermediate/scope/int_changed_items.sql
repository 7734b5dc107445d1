-- Items whose name or first day of sale differs from that of the last whole build: all their rows are written anew. One row per level,
-- store and item.
{{ config(**kept_until_built()) }}

with

found as (

    select
        coalesce(items.level, before.level) as level,
        coalesce(items.store_id, before.store_id) as store_id,
        coalesce(items.item_id, before.item_id) as item_id
    from (select level, store_id, item_id, {{ row_print('named') }} as print from {{ ref('int_items') }} as named) as items
    full join {{ source('built', 'items') }} as before
        on items.level = before.level
        and items.store_id = before.store_id
        and items.item_id = before.item_id
    where items.print is distinct from before.print

)

{{ newly_found(['level', 'store_id', 'item_id']) }}
